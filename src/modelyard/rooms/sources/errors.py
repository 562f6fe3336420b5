"""What can go wrong when the files of a push are read."""

from dataclasses import dataclass

from modelyard.kit.errors import Invalid, TooLarge


class ArchiveUnreadable(Invalid):
    """Not a zip file, cut off, or damaged."""

    code = "archive_unreadable"
    title = "The zip file cannot be read"


class ArchiveAmbiguous(Invalid):
    """Different programs would read different things from it: stray bytes, two archives, headers that disagree."""

    code = "archive_ambiguous"
    title = "The zip file can be read in more than one way"


class ArchiveEncrypted(Invalid):
    code = "archive_encrypted"
    title = "The zip file is encrypted"


class ArchiveCompression(Invalid):
    code = "archive_compression"
    title = "The zip file uses a compression that is not supported"


class ArchiveBomb(TooLarge):
    """More entries, more bytes or a higher ratio of compression than allowed."""

    code = "archive_bomb"
    title = "The zip file unpacks to more than is allowed"


class PathUnsafe(Invalid):
    """A file's name leads outside, cannot exist everywhere, or hides something."""

    code = "path_unsafe"
    title = "A file has a name that is not allowed"


class PathCollision(Invalid):
    """Two files have the same name, or one that some file systems take for the same."""

    code = "path_collision"
    title = "Two files have the same name"


class LinkRefused(Invalid):
    code = "link_refused"
    title = "Links and special files are not allowed"


class SourceTooLarge(TooLarge):
    code = "source_too_large"
    title = "The source has too many files or bytes"


class ConfigInvalid(Invalid):
    """The config (JSON) or ``modelyard.yaml`` cannot be accepted; ``field`` is a JSON pointer into it."""

    code = "config_invalid"
    title = "The configuration is not valid"


class ProjectIncomplete(Invalid):
    """A part or a file that the configuration names is not there."""

    code = "project_incomplete"
    title = "Something is missing from the push"


class WeightsUnreadable(Invalid):
    """A model's file is of no kind that is known here, or damaged."""

    code = "weights_unreadable"
    title = "The model's file cannot be read"


@dataclass(frozen=True, slots=True)
class Problem:
    """One line that cannot be accepted; ``line`` counts from 1."""

    line: int
    text: str


class RequirementsInvalid(Invalid):
    """The requirements hold something other than plain requirements; ``problems`` has every line at fault."""

    code = "requirements_invalid"
    title = "The requirements are not valid"

    def __init__(self, problems: tuple[Problem, ...], *, remedy: str = "") -> None:
        shown = [f"line {p.line}: {p.text}" for p in problems[:10]]
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        super().__init__("; ".join([*shown, *more]) + ".", remedy=remedy, field="requirements")
        self.problems = problems
