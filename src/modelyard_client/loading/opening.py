"""``load_dataset``: finds a version, brings its files to this machine, opens them."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from modelyard_client.client import Client
from modelyard_client.datasets import Progress, fetch_listed
from modelyard_client.errors import Missing, Refused
from modelyard_client.loading import cache, index, tables
from modelyard_client.loading.images import ImageDataset
from modelyard_client.loading.tables import TableDataset
from modelyard_client.logins import find_login
from modelyard_client.transport import API, Transport

ADDRESS = re.compile(r"(?P<repository>[^/:@\s]+/[^/:@\s]+)(?:[:@]v?(?P<number>\d+))?")


def load_dataset(
    address: str,
    *,
    split: str | None = None,
    files: Sequence[str] = (),
    decode: bool = True,
    url: str | None = None,
    token: str | None = None,
    cache_dir: Path | str | None = None,
    progress: Progress | None = None,
    client: Client | None = None,
) -> ImageDataset | TableDataset:
    """A version of a dataset (``owner/name@v3``; without ``@v3`` the newest that is ready) as data.

    ``split`` chooses among train, validation and test; ``files`` among the tables of a version; without ``decode``
    images stay the bytes of their files. Server and token are those given, else ``MODELYARD_URL`` and
    ``MODELYARD_TOKEN``, else those of ``modelyard login``. What is fetched is checked by its digest and kept in
    ``cache_dir``; ``progress`` is told (bytes so far, bytes) of each file.

    Raises ``ClientError``: ``Missing`` for what is not there, ``Refused`` for a version that is neither images nor a
    table, or has no such split.
    """
    if client is None:
        login = find_login(url, token)
        with Client(login.url, token=login.token) as made:
            return _load(made, address, split, files, decode, cache_dir, progress)
    return _load(client, address, split, files, decode, cache_dir, progress)


def _load(
    client: Client,
    address: str,
    split: str | None,
    files: Sequence[str],
    decode: bool,
    cache_dir: Path | str | None,
    progress: Progress | None,
) -> ImageDataset | TableDataset:
    repository, number = _find(client, address)
    listed = {entry["path"]: entry for entry in client.list_files(repository, number)}
    folder = Path(cache_dir) if cache_dir else cache.default_folder()
    fetch = partial(_fetch, client.transport, f"{API}/repos/{repository}/versions/{number}/files")
    obtain = partial(cache.obtain, folder, fetch=fetch, progress=progress or (lambda _done, _size: None))
    if index.NAME in listed and not files:
        return _open_images(listed, split, decode, obtain)
    chosen = _tables(listed, split, files)
    return TableDataset([(path, obtain(listed[path])) for path in chosen])


def _find(client: Client, address: str) -> tuple[str, int]:
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise Refused(
            f"{address!r} is no dataset.", code="address_invalid", remedy="Write owner/name or owner/name@v3."
        )
    if found["number"]:
        return found["repository"], int(found["number"])
    for version in client.transport.pages(f"/repos/{found['repository']}/versions"):
        if version["state"] == "ready":
            return found["repository"], version["number"]
    raise Missing(f"{address} has no version that is ready.", code="version_not_ready", remedy="Wait for its import.")


def _open_images(listed: Mapping[str, Any], split: str | None, decode: bool, obtain: Any) -> ImageDataset:
    by_digest = {entry["digest"]: entry for entry in listed.values()}

    def find_pack(digest: str) -> Path:
        if digest not in by_digest:
            raise Missing(f"The version lacks the pack {digest}.", code="pack_missing", remedy="Import the data again.")
        return Path(obtain(by_digest[digest]))

    return ImageDataset(obtain(listed[index.NAME]), find_pack, split=split, decode=decode)


def _tables(listed: Mapping[str, Any], split: str | None, files: Sequence[str]) -> list[str]:
    for path in files:
        if path not in listed:
            raise Missing(f"There is no {path} in it.", code="dataset_file_missing", remedy="Look at its files.")
    found = sorted(path for path in (files or listed) if tables.is_table(path))
    found = [path for path in found if split is None or split in (PurePosixPath(path).stem, *PurePosixPath(path).parts)]
    if not found:
        what = f"tables of the split {split!r}" if split else "images with an index, nor tables"
        raise Refused(
            f"The version has no {what}.",
            code="not_loadable",
            remedy="Import images, or push CSV, Parquet or JSON Lines. `modelyard download` fetches any file.",
        )
    return found


def _fetch(transport: Transport, at: str, entry: Mapping[str, Any], target: Path, progress: Progress) -> None:
    fetch_listed(transport, at, entry, target, progress=progress)
