import dataclasses
import os
from pathlib import Path

import pytest

from modelyard.adapters.debian.mirrors import Mirrors
from modelyard.adapters.debian.packages import AptPackages
from modelyard.rooms.images.debs import left_out_status, unpack_package
from modelyard.rooms.images.errors import MirrorUnavailable, UnknownSystemPackage
from support import session
from support.ports import free_port

WHERE = {"suite": "bookworm", "architecture": "amd64"}


@pytest.fixture
def packages():
    """Package lists are shared in the run, as they take a second to fetch."""
    folder = session.current() / "apt"
    folder.mkdir(exist_ok=True)
    return AptPackages(folder)


def resolve(packages, *names, installed="", refresh=False):
    installed += "\n" + left_out_status("amd64", wanted=names, installed=installed)
    return packages.resolve(names, **WHERE, installed=installed, refresh=refresh)


def test_a_closure_is_resolved_fetched_and_unpacked(packages, tmp_path):
    closure = resolve(packages, "libmagic1")
    names = [package.name for package in closure]
    assert {"libmagic1", "libmagic-mgc", "libc6"} <= set(names)
    assert not {"perl-base", "dpkg", "debconf"} & set(names)
    files = packages.fetch(closure, tmp_path, **WHERE)
    assert [file.name.partition("_")[0] for file in files] == names
    assert not list((packages.folder / "packages").rglob("libmagic*")), "packages are handed out, not kept"
    unpacked = unpack_package(files[names.index("libmagic1")], tmp_path)
    paths = {entry.path for entry in unpacked.entries}
    assert "usr/lib/x86_64-linux-gnu/libmagic.so.1" in paths
    assert "usr/share/doc/libmagic1/copyright" in paths
    assert not any(path.startswith("usr/share/man") or path.endswith("changelog.Debian.gz") for path in paths)


def test_what_is_installed_is_left_out(packages, tmp_path):
    before = resolve(packages, "libmagic1")
    files = packages.fetch(before, tmp_path, **WHERE)
    installed = "\n".join(unpack_package(file, tmp_path).status for file in files)
    assert resolve(packages, "libmagic1", installed=installed) == []
    more = [package.name for package in resolve(packages, "file", installed=installed)]
    assert more == ["file"]


def test_locked_packages_are_fetched_again(packages, tmp_path):
    locked = [package for package in resolve(packages, "libmagic1") if package.name == "libmagic1"]
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first = packages.fetch(locked, tmp_path / "first", **WHERE)
    second = packages.fetch(locked, tmp_path / "second", **WHERE)
    assert first[0].read_bytes() == second[0].read_bytes()


def test_a_version_that_is_gone_is_refused(packages, tmp_path):
    real = next(package for package in resolve(packages, "libmagic1") if package.name == "libmagic1")
    for gone in (dataclasses.replace(real, version="1:0.1-1"), dataclasses.replace(real, sha256="0" * 64)):
        for file in (packages.folder / "packages").rglob("*.deb"):
            file.unlink()
        with pytest.raises(UnknownSystemPackage):
            packages.fetch([gone], tmp_path, **WHERE)


def test_an_unknown_package_is_named(packages):
    with pytest.raises(UnknownSystemPackage, match="no-such-package-here"):
        resolve(packages, "no-such-package-here")


def test_a_mirror_that_does_not_answer(tmp_path):
    dead = f"http://127.0.0.1:{free_port()}/debian"
    with pytest.raises(MirrorUnavailable):
        resolve(AptPackages(tmp_path, Mirrors(dead, dead)), "libmagic1")


def test_an_archive_without_a_good_signature_is_refused(tmp_path):
    (tmp_path / "empty.gpg").write_bytes(b"")
    with pytest.raises(MirrorUnavailable):
        resolve(AptPackages(tmp_path, keyring=tmp_path / "empty.gpg"), "libmagic1")


def test_a_file_that_is_no_package_is_refused(tmp_path):
    whole = b"!<arch>\n" + os.urandom(100)
    for data in (b"", b"nonsense", whole):
        bad = tmp_path / "bad_1_amd64.deb"
        bad.write_bytes(data)
        with pytest.raises(UnknownSystemPackage):
            unpack_package(bad, tmp_path)


def test_the_hosts_own_package_state_is_not_touched(packages):
    before = Path("/var/lib/apt/lists").stat().st_mtime_ns, Path("/var/lib/dpkg/status").stat().st_mtime_ns
    resolve(packages, "libmagic1", refresh=True)
    assert (Path("/var/lib/apt/lists").stat().st_mtime_ns, Path("/var/lib/dpkg/status").stat().st_mtime_ns) == before
