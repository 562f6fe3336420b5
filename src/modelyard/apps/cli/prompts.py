"""What is asked of people, or read from standard input where nobody is there. Secrets are never arguments."""

import getpass
import sys

from modelyard.apps.cli.exits import UsageError


def ask(question: str) -> str:
    """Raises ``UsageError`` where there is nobody to answer."""
    if not sys.stdin.isatty():
        raise UsageError("There is nobody to ask.", remedy="Give --username and the password on standard input.")
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def read_secret(what: str, question: str) -> str:
    """Typed unseen on a terminal; elsewhere a line of standard input. Raises ``UsageError`` for none."""
    return getpass.getpass(question) if sys.stdin.isatty() else read_line(what)


def read_line(what: str) -> str:
    """A line of standard input; raises ``UsageError`` for none."""
    line = sys.stdin.readline().strip()
    if not line:
        raise UsageError(f"There is no {what} on standard input.", remedy=f"Write the {what} to it, as one line.")
    return line
