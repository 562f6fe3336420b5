"""Where Python packages come from, as the operator configured it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PackageIndexes:
    """Package indexes and folders of wheels.

    ``index_url`` replaces PyPI; it and ``extra_index_urls`` may carry ``user:password@``. ``find_links`` are folders
    (or pages) of wheels that are looked at as well. ``ca_bundle`` is a PEM file. With ``offline`` nothing is asked of
    the network: what is in ``uv``'s cache, file indexes and ``find_links`` has to do.
    """

    index_url: str | None = None
    extra_index_urls: Sequence[str] = ()
    find_links: Sequence[str] = ()
    ca_bundle: Path | None = None
    offline: bool = False

    def arguments(self) -> list[str]:
        """The same for ``uv``'s command line."""
        arguments = ["--default-index", self.index_url] if self.index_url else []
        for url in self.extra_index_urls:
            arguments += ["--index", url]
        for place in self.find_links:
            arguments += ["--find-links", place]
        return [*arguments, "--offline"] if self.offline else arguments

    def urls(self) -> list[str]:
        """Every address that was configured, best first."""
        own = [self.index_url] if self.index_url else []
        return [*self.extra_index_urls, *own, *self.find_links]
