"""Writes the API's OpenAPI document to standard output; the web client and the docs are generated from it."""

import json
import sys

from modelyard.apps.server import create_api


def main() -> None:
    json.dump(create_api().openapi(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
