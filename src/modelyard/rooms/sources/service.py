"""What other rooms do with the files of a push. All verbs may block, and work on files only."""

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import SignatureUnsupported, TargetMissing
from modelyard.rooms.signatures.schemas import PERMISSIVE_INPUTS, Signature
from modelyard.rooms.sources.archives import unpack
from modelyard.rooms.sources.card import find_readme, read_readme, write_readme
from modelyard.rooms.sources.committing import write_commit_tree
from modelyard.rooms.sources.config import MANIFEST
from modelyard.rooms.sources.labels import read_labels
from modelyard.rooms.sources.mlmodel import MLMODEL
from modelyard.rooms.sources.names import check_paths, is_junk, safe_file_name
from modelyard.rooms.sources.parts import is_script, read_artifact, read_parts, read_script
from modelyard.rooms.sources.project import read_archive, read_directory
from modelyard.rooms.sources.requirements import parse_requirements
from modelyard.rooms.sources.schemas import Project

MANIFESTS = frozenset({MANIFEST, MLMODEL})
"""Files that say what a folder is."""

__all__ = [
    "MANIFESTS",
    "check_paths",
    "find_readme",
    "is_junk",
    "is_script",
    "parse_requirements",
    "read_archive",
    "read_artifact",
    "read_directory",
    "read_labels",
    "read_parts",
    "read_readme",
    "read_script",
    "read_signature",
    "safe_file_name",
    "unpack",
    "write_commit_tree",
    "write_readme",
]


def read_signature(project: Project, *, default_python: str) -> Signature:
    """The signature of a project's target; ``default_python`` is the version where the project asks for none.

    Where a framework's files do not say it, one that accepts anything: a run has to tell (``is_described``).
    """
    if project.framework is not None:
        return project.signature or Signature(PERMISSIVE_INPUTS, {})
    major, minor = (project.python or default_python).split(".")
    if project.operation is not None:
        return _read_operation(project, python=(int(major), int(minor)))
    return signatures.read_signature(
        project.source, project.target, has_model=project.artifact is not None, python=(int(major), int(minor))
    )


def _read_operation(project: Project, *, python: tuple[int, int]) -> Signature:
    try:
        return signatures.read_operation(project.source, project.target, python=python)
    except (SignatureUnsupported, TargetMissing) as e:
        e.field = (e.field or "predict").replace("predict", "run", 1)
        raise
