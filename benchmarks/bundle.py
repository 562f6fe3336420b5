"""Bundles over HTTP against `cat` of the same blobs, with a cold and a warm page cache, and the server's memory.

Both ways read the layers of the digits model and of the front end, into nothing. Cold: the blobs are put out of the
page cache before each turn (posix_fadvise), so the disk is read, which is what the bar is about; warm is told.
"""

import io
import json
import os
import re
import subprocess
import tarfile
from functools import partial
from pathlib import Path

import httpx

from measure import Bar, in_turn, private_services, report
from support import databases, digits, server

ROUNDS = 5
SHARE = 0.5
GROWTH_MB = 64
"""What one download may add to the server's memory at its peak, whatever the bundle's size."""


def main() -> None:
    with private_services() as scratch:
        site = server.start(scratch / "site", databases.create("sqlite", scratch))
        version = digits.push(site, site.token)
        url = f"{site.url}/api/v1/repos/{version['address']}/versions/1/bundle"
        with site.client() as client:
            client.head(url).raise_for_status()  # the front end is made now
            blobs, size = _blobs(client, url, site.folder / "d" / "blobs")
        jobs = {"cat": partial(_cat, blobs), "bundle": partial(_download, url, site.token)}
        cold = partial(_forget, blobs)
        seconds = {
            f"{way} {cache}": value
            for cache, before in (("cold", dict.fromkeys(jobs, cold)), ("warm", {}))
            for way, value in in_turn(jobs, rounds=ROUNDS, before=before).items()
        }
        peak = _peak_growth_mb(site.pid, jobs["bundle"])
        server.stop(site)
    rates = {name: size / value / 1e6 for name, value in seconds.items()}
    figures = {f"{name} MB/s": rate for name, rate in rates.items()}
    bars = [
        Bar("share of the disk's rate", rates["bundle cold"] / rates["cat cold"], SHARE),
        Bar("memory that a download adds, MB", peak, GROWTH_MB, at_most=True),
    ]
    report("bundle", figures | {"size MB": size / 1e6, "peak growth MB": peak}, bars)


def _blobs(client: httpx.Client, url: str, root: Path) -> tuple[list[Path], int]:
    """The files of the bundle's layers in the server's store, and their bytes together."""
    start = client.get(url, headers={"Range": "bytes=0-1048575"}).raise_for_status().content
    with tarfile.open(fileobj=io.BytesIO(start)) as archive:
        opened = next(archive.extractfile(member) for member in archive if member.name == "manifest.json")
        assert opened is not None
        names = {layer for image in json.load(opened) for layer in image["Layers"]}
    hexes = [name.split("/")[0] for name in sorted(names)]
    files = [root / "sha256" / name[:2] / name[2:4] / name for name in hexes]
    return files, sum(file.stat().st_size for file in files)


def _cat(files: list[Path]) -> None:
    with Path(os.devnull).open("wb") as nothing:
        subprocess.run(["cat", *files], check=True, stdout=nothing)


def _download(url: str, token: str) -> None:
    subprocess.run(["curl", "-fsS", "-o", os.devnull, "-H", f"Authorization: Bearer {token}", url], check=True)


def _forget(files: list[Path]) -> None:
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _peak_growth_mb(pid: int, job: partial[None]) -> float:
    """By how much the process's resident memory is above where it began, at its highest (proc(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = _status_kb(pid, "VmRSS")
    job()
    return (_status_kb(pid, "VmHWM") - before) / 1e3


def _status_kb(pid: int, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


if __name__ == "__main__":
    main()
