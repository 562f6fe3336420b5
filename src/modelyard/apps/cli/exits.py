"""Exit codes, and the errors that lead to them."""

from enum import IntEnum

from modelyard_client import ClientError, Missing, NotAllowed, NotSignedIn, Unreachable


class ExitCode(IntEnum):
    """What a script may rely on (docs/guides/cli.md)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    NOT_ALLOWED = 6
    RUN_FAILED = 7
    INTERRUPTED = 130


class CommandError(Exception):
    """What ends a command: one line of what was wrong, and what to do."""

    def __init__(self, detail: str, *, remedy: str = "", code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.code = code


class UsageError(CommandError):
    """The command line itself cannot be understood."""

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy, code=ExitCode.USAGE)


class BuildFailed(CommandError):
    """The server could not make the version."""


class RunFailed(CommandError):
    """A run ended, and did not succeed."""

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy, code=ExitCode.RUN_FAILED)


KINDS: dict[type[ClientError], ExitCode] = {
    Unreachable: ExitCode.UNREACHABLE,
    NotSignedIn: ExitCode.NOT_SIGNED_IN,
    NotAllowed: ExitCode.NOT_ALLOWED,
    Missing: ExitCode.NOT_FOUND,
}


def exit_code_of(error: ClientError) -> ExitCode:
    return KINDS.get(type(error), ExitCode.FAILED)


def remedy_of(error: ClientError) -> str:
    """What to do, in words of the command line where the server's would not help here."""
    if isinstance(error, NotSignedIn):
        return "Run `modelyard login`, or set MODELYARD_TOKEN."
    return error.remedy
