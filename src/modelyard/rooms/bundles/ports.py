"""What bundles are made with, chosen where the application is wired."""

from dataclasses import dataclass
from pathlib import Path

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images.service import Supplies
from modelyard.rooms.repos.ports import RepositoryOptions


@dataclass(frozen=True, slots=True)
class BundleTools:
    """``page``: the folder of the built front end. ``python``: the site's default, whose base the front end has."""

    database: Database
    blobs: BlobStore
    supplies: Supplies
    repositories: RepositoryOptions
    page: Path
    python: str
    clock: Clock
