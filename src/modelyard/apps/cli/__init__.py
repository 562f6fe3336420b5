"""The command line, ``modelyard``: what people and scripts ask of a server, and what an operator does on its machine.

The operator's commands need the server's code, which is slow to import; ``program`` becomes a process of their own for
them, so that the others answer at once.
"""

from modelyard.apps.cli.program import main

__all__ = ["main"]
