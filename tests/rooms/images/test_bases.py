import dataclasses
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modelyard.rooms.images import bases, service
from modelyard.rooms.images.errors import PythonUnavailable
from modelyard.rooms.images.layers import BlobFile
from support.supplies import new_supplies, shared_supplies, supplies_with_base

AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
MACHINES = {"linux/amd64": 62, "linux/arm64": 183}  # e_machine, ELF specification


def open_layer(supplies, layer):
    return tarfile.open(fileobj=io.BufferedReader(BlobFile(supplies.blobs, layer.digest, layer.size)))


def elf_machine(data):
    assert data[:4] == b"\x7fELF"
    return int.from_bytes(data[18:20], "little")


@pytest.mark.parametrize("platform", list(MACHINES))
def test_a_base_holds_one_python_of_its_platform_and_no_shell(platform):
    supplies = shared_supplies()
    base = service.ensure_base("3.11", platform, supplies=supplies)
    assert (base.python_version[:5], base.glibc, base.suite) == ("3.11.", "2.36", "bookworm")
    with open_layer(supplies, base.layers[0]) as archive:
        members = {member.name: member for member in archive}
        read = {
            name: archive.extractfile(name).read() for name in ("usr/bin/python3.11", "etc/passwd", "etc/os-release")
        }
        bundle = archive.extractfile("etc/ssl/certs/ca-certificates.crt").read()
    assert elf_machine(read["usr/bin/python3.11"]) == MACHINES[platform]
    assert b"\nbox:x:10001:10001:" in read["etc/passwd"]
    assert bundle.count(b"BEGIN CERTIFICATE") > 100
    assert members["usr/lib/ssl/cert.pem"].linkname == "/etc/ssl/certs/ca-certificates.crt"
    assert {name: members[name].linkname for name in ("bin", "lib", "lib64")} == {
        "bin": "usr/bin",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
    }
    assert {"proc", "dev", "sys", "run", "tmp"} <= set(members)
    assert oct(members["tmp"].mode) == "0o1777"
    assert "usr/lib/python3.11/__pycache__/os.cpython-311.pyc" in members
    assert not {"usr/bin/sh", "usr/bin/dash", "usr/bin/perl", "usr/bin/dpkg"} & set(members)
    assert not any(name.startswith(("bin/", "lib/", "sbin/", "lib64/", "../", "/")) for name in members)
    assert all(member.mode & 0o6000 == 0 for member in members.values()), "nothing is set-user-id"


def test_a_base_is_the_same_made_by_an_ordinary_user_under_another_umask():
    expected = service.ensure_base("3.11", "linux/amd64", supplies=shared_supplies())
    script = (
        "import os, sys; from pathlib import Path; os.umask(0o077)\n"
        "from support.supplies import new_supplies; from modelyard.rooms.images import service\n"
        "base = service.ensure_base('3.11', 'linux/amd64', supplies=new_supplies(Path(sys.argv[1]) / 'own'))\n"
        "print(os.geteuid(), base.layers[0].digest)\n"
    )
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "-c", script, folder],
            env=os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": folder, "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    uid, digest = done.stdout.split()
    assert int(uid) != 0
    assert digest == expected.layers[0].digest


def test_a_known_base_asks_nobody():
    supplies = shared_supplies()
    first = service.ensure_base("3.11", "linux/amd64", supplies=supplies)
    alone = dataclasses.replace(supplies, packages=None)
    assert service.ensure_base("3.11", "linux/amd64", supplies=alone) == first


def test_a_base_whose_layer_is_lost_is_made_again(tmp_path):
    supplies = shared_supplies()
    first = service.ensure_base("3.11", "linux/amd64", supplies=supplies)
    anew = new_supplies(tmp_path)
    shutil.copytree(supplies.cache.folder / "bases", anew.cache.folder / "bases")
    assert service.ensure_base("3.11", "linux/amd64", supplies=anew) == first
    assert anew.blobs.stat(first.layers[0].digest)


def test_interpreters_of_replaced_bases_are_forgotten(tmp_path):
    supplies = supplies_with_base(tmp_path, shared_supplies())
    base = service.ensure_base("3.11", "linux/amd64", supplies=supplies)
    kept = bases.interpreter_folder(base, supplies)
    for folder in (kept, kept.with_name("replaced"), kept.with_name(".new-interrupted")):
        folder.mkdir(parents=True)
    service.clean_up(supplies=supplies)
    assert list(kept.parent.iterdir()) == [kept]


def test_a_python_that_nobody_has_is_refused_with_those_there_are():
    with pytest.raises(PythonUnavailable) as refused:
        service.ensure_base("3.12", "linux/amd64", supplies=shared_supplies())
    assert "3.11" in refused.value.remedy


def test_trixie_has_python_3_13():
    supplies = shared_supplies()
    base = service.ensure_base("3.13", "linux/amd64", supplies=supplies)
    with open_layer(supplies, base.layers[0]) as archive:
        assert "usr/lib/python3.13/__pycache__/os.cpython-313.pyc" in archive.getnames()
    assert base.suite == "trixie"
