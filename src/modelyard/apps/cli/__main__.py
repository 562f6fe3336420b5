"""``python -m modelyard.apps.cli``."""

import sys

from modelyard.apps.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
