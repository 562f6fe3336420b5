"""What the repositories room is told by the configuration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RepositoryOptions:
    """``root``: the folder of the bare Git repositories. Files of ``lfs_threshold`` bytes and more go to LFS."""

    root: Path
    lfs_threshold: int = 1024**2
