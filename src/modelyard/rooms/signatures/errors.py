"""What can go wrong when a target or its signature is read from source."""

from modelyard.kit.errors import Invalid


class TargetInvalid(Invalid):
    code = "target_invalid"
    title = "The target is not written as module, class and function"


class TargetMissing(Invalid):
    """The target is provably absent from the source.

    ``path`` is the file (relative to the tree) where it was looked for and ``line`` the place in it; None where there
    is no such file or line. ``candidates`` are names that do exist there.
    """

    code = "target_missing"
    title = "The source does not have the target"

    def __init__(
        self,
        detail: str,
        *,
        remedy: str = "",
        field: str | None = None,
        path: str | None = None,
        line: int | None = None,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail, remedy=remedy, field=field)
        self.path = path
        self.line = line
        self.candidates = candidates


class SourceSyntax(Invalid):
    """A module on the way to the target cannot be parsed; ``path`` is relative to the tree, ``line`` counts from 1."""

    code = "source_syntax"
    title = "The source has a syntax error"

    def __init__(self, detail: str, *, path: str, line: int | None, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy or "Correct the file and push again.", field="source")
        self.path = path
        self.line = line


class SignatureUnsupported(Invalid):
    """The target exists but can never be called with named inputs."""

    code = "signature_unsupported"
    title = "The target cannot be called with named inputs"


class SchemaRefused(Invalid):
    """A published JSON Schema cannot be a form; ``field`` is the JSON pointer to what is wrong."""

    code = "schema_refused"
    title = "The schema of the inputs and parameters cannot be used"
