import dataclasses
import io
import json
import os
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile

import pytest

from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.adapters.uv.wheels import UvWheels
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.images import rules, service
from modelyard.rooms.images.errors import LockRefused, RequirementRefused, SourceRefused
from modelyard.rooms.images.schemas import Artifact, AssemblyRequest
from support.supplies import shared_supplies, supplies_with_base
from support.waiting import until

SIGNATURE = {
    "inputs": {"type": "object", "properties": {"b": {}, "a": {}}},
    "output": {},
    "streams": False,
    "notes": [],
}
REQUIREMENTS = "markupsafe==3.0.2\nclick==8.1.8\nsix==1.17.0\n"
X86_64, AARCH64 = 62, 183


def make_source(folder, text="def f(a, b):\n    return {a: b}\n"):
    (folder / "pkg").mkdir(parents=True)
    (folder / "m.py").write_text(text)
    (folder / "pkg" / "__init__.py").write_text("")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("m.py")
    (folder / "model.pkl").write_text("a pointer")
    return folder


def make_request(source, **changes):
    request = AssemblyRequest(
        source=source,
        target={"module": "m", "class": None, "function": "f"},
        signature=SIGNATURE,
        card={"title": "Demo", "description": "Shows"},
        requirements=REQUIREMENTS,
        exclude=frozenset({"model.pkl"}),
    )
    return dataclasses.replace(request, **changes)


@pytest.fixture(scope="module")
def supplies():
    return shared_supplies()


@pytest.fixture
def source(tmp_path):
    return make_source(tmp_path / "source")


def layer_of(supplies, image, title):
    layer = next(layer for layer in image.images[0].layers if layer.title == title)
    return tarfile.open(fileobj=io.BytesIO(b"".join(supplies.blobs.open(layer.digest))))


def stored(supplies):
    return {blob.digest: blob.size for blob in supplies.blobs.list()}


class CountedWheels:
    """A real wheel source that counts what is fetched."""

    def __init__(self, real):
        self.real, self.fetched = real, []

    def lock(self, requirements, **options):
        return self.real.lock(requirements, **options)

    def fetch(self, wheel, target, **options):
        self.fetched.append(wheel.name)
        self.real.fetch(wheel, target, **options)


def test_the_digest_is_a_function_of_what_goes_in(supplies, source, tmp_path, monkeypatch):
    artifact = Artifact("model.pkl", supplies.blobs.put([b"pickle"]).digest)
    first = service.assemble(make_request(source, artifact=artifact), supplies=supplies)
    umask = os.umask(0o077)
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12345")
    monkeypatch.chdir(tmp_path)
    try:
        elsewhere = make_source(tmp_path / "another" / "folder")
        os.utime(elsewhere / "m.py", (1, 1))
        anew = supplies_with_base(tmp_path / "supplies", supplies)
        anew.blobs.put([b"pickle"])
        second = service.assemble(make_request(elsewhere, artifact=artifact, lock=first.lock), supplies=anew)
    finally:
        os.umask(umask)
    assert second.digest == first.digest
    assert second.images == first.images
    assert all(anew.blobs.stat(digest) for digest in second.blobs)


def test_the_image_is_laid_out_as_the_box_expects(supplies, source):
    artifact = Artifact("model.pkl", supplies.blobs.put([b"pickle"]).digest)
    image = service.assemble(make_request(source, artifact=artifact), supplies=supplies)
    config = image.images[0].config
    assert config["config"]["Entrypoint"] == ["/usr/bin/python3.11", "-I", "-S", "/modelyard/box/modelyard_box"]
    assert config["config"]["Cmd"] == ["serve"]
    assert (config["config"]["User"], config["config"]["WorkingDir"]) == ("10001:10001", "/app/src")
    labels = config["config"]["Labels"]
    assert json.loads(labels["io.modelyard.signature"]) == SIGNATURE
    assert labels["org.opencontainers.image.title"] == "Demo"
    assert config["rootfs"]["diff_ids"] == [layer.digest for layer in image.images[0].layers]
    with layer_of(supplies, image, "source") as archive:
        names = set(archive.getnames())
        described = json.load(archive.extractfile("modelyard/box.json"))
        assert archive.getmember("app/src/run.sh").mode == 0o755
        assert archive.getmember("app/src/link").linkname == "m.py"
    assert {"app/src/m.py", "app/src/pkg/__init__.py", "app/src/__pycache__/m.cpython-311.pyc"} <= names
    assert "app/src/model.pkl" not in names
    assert described["artifact"] == "/app/artifact/model.pkl"
    assert list(described["signature"]["inputs"]["properties"]) == ["b", "a"]
    with layer_of(supplies, image, "artifact") as archive:
        assert archive.extractfile("app/artifact/model.pkl").read() == b"pickle"
    with layer_of(supplies, image, "the box") as archive:
        assert "modelyard/box/modelyard_box/__main__.py" in archive.getnames()


def test_a_code_change_writes_kilobytes_and_fetches_nothing(supplies, source):
    artifact = Artifact("model.pkl", supplies.blobs.put([b"pickle" * 100_000]).digest)
    service.assemble(make_request(source, artifact=artifact), supplies=supplies)
    before = stored(supplies)
    counted = CountedWheels(supplies.wheels)
    (source / "m.py").write_text("def f(a, b):\n    return 'changed'\n")
    service.assemble(make_request(source, artifact=artifact), supplies=dataclasses.replace(supplies, wheels=counted))
    written = sum(size for digest, size in stored(supplies).items() if digest not in before)
    assert 0 < written < 100_000
    assert counted.fetched == []


def test_a_new_combination_of_known_wheels_fetches_nothing(supplies, source):
    service.assemble(make_request(source), supplies=supplies)
    service.assemble(make_request(source, requirements="iniconfig==2.1.0"), supplies=supplies)
    counted = CountedWheels(supplies.wheels)
    image = service.assemble(
        make_request(source, requirements=REQUIREMENTS + "iniconfig==2.1.0"),
        supplies=dataclasses.replace(supplies, wheels=counted),
    )
    assert counted.fetched == []
    with layer_of(supplies, image, "4 small wheels") as archive:
        assert {"app/site-packages/six.py", "app/site-packages/iniconfig/__init__.py"} <= set(archive.getnames())


def test_two_platforms_make_an_index_and_each_gets_its_own_libraries(supplies, source):
    image = service.assemble(make_request(source, platforms=("linux/arm64", "linux/amd64")), supplies=supplies)
    index = json.loads(b"".join(supplies.blobs.open(image.digest)))
    assert image.media_type == index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]
    found = {}
    for one in image.images:
        wheels = next(layer for layer in one.layers if layer.title == "3 small wheels")
        with tarfile.open(fileobj=io.BytesIO(b"".join(supplies.blobs.open(wheels.digest)))) as archive:
            library = next(name for name in archive.getnames() if name.endswith(".so"))
            found[one.platform] = archive.extractfile(library).read()[18]
    assert found == {"linux/amd64": X86_64, "linux/arm64": AARCH64}


def write_oci_layout(supplies, image, folder):
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for digest in image.blobs:
        (folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(
            b"".join(supplies.blobs.open(digest))
        )
    size = supplies.blobs.stat(image.digest).size
    entry = {"mediaType": image.media_type, "digest": image.digest, "size": size}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def test_skopeo_reads_the_image(supplies, source, tmp_path):
    image = service.assemble(make_request(source), supplies=supplies)
    write_oci_layout(supplies, image, tmp_path / "layout")
    inspect = ["skopeo", "inspect", f"oci:{tmp_path}/layout"]
    seen = json.loads(subprocess.run(inspect, capture_output=True, check=True).stdout)
    assert seen["Digest"] == image.digest
    assert seen["Layers"] == [layer.digest for layer in image.images[0].layers]
    copy = ["skopeo", "copy", "--insecure-policy", "-q", f"oci:{tmp_path}/layout", f"dir:{tmp_path}/copy"]
    subprocess.run(copy, check=True)


def test_the_python_inside_finds_the_wheels_and_their_scripts(supplies, source, tmp_path):
    """Starts the image's own interpreter out of its unpacked layers, by its loader, as the box's would be."""
    image = service.assemble(
        make_request(source, requirements="markupsafe==3.0.2\npyjokes==0.8.3\n"), supplies=supplies
    )
    root = tmp_path / "root"
    for layer in image.images[0].layers:
        with tarfile.open(fileobj=io.BytesIO(b"".join(supplies.blobs.open(layer.digest)))) as archive:
            archive.extractall(root, filter="tar")
    assert (root / "app/bin/pyjoke").read_text().startswith("#!/usr/bin/python3.11\n")
    (root / "app/site-packages/pyjokes/pyjokes.py").write_text("raise SystemExit('bytecode was not used')")
    library = f"{root}/usr/lib/x86_64-linux-gnu"
    program = (
        "import sys; sys.path.insert(0, sys.argv[1] + '/app/site-packages'); import markupsafe, pyjokes;"
        "print(markupsafe._escape_inner.__module__); print(pyjokes.get_joke.__name__)"
    )
    loader = [f"{root}/usr/lib64/ld-linux-x86-64.so.2", "--library-path", library]
    done = subprocess.run(
        [*loader, f"{root}/usr/bin/python3.11", "-sSB", "-c", program, root],
        env={"PYTHONHOME": f"{root}/usr"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["markupsafe._speedups", "get_joke"]


def test_at_most_forty_layers(supplies, source, monkeypatch):
    monkeypatch.setattr(rules, "LARGE_WHEEL_BYTES", 0)
    monkeypatch.setattr(rules, "MAX_LAYERS", 6)
    image = service.assemble(make_request(source), supplies=supplies)
    assert len(image.images[0].layers) <= 6


def test_system_packages_are_one_layer_beyond_the_base(supplies, source):
    image = service.assemble(
        make_request(source, requirements="", system_packages=["libmagic1", "liblapack3"]), supplies=supplies
    )
    packages = {package.name for package in image.lock.platforms["linux/amd64"].system}
    assert "libmagic1" in packages
    assert "libc6" not in packages
    with layer_of(supplies, image, "system packages") as archive:
        names = archive.getnames()
    assert {"usr/lib/x86_64-linux-gnu/libmagic.so.1", "usr/lib/x86_64-linux-gnu/liblapack.so.3"} <= set(names)
    assert not any(name.split("/")[0] in ("lib", "bin", "sbin") for name in names)


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_the_boxs_own_packages_are_all_pinned(supplies, python, platform):
    """Else the same box would become another image on the day that one of them is released."""
    text = (supplies.box / "requirements.txt").read_text()
    pinned = {line.split("==")[0] for line in rules.check_requirements(text)}
    assert all("==" in line for line in rules.check_requirements(text))
    lock = supplies.wheels.lock(text, python=python, platform=platform, glibc=rules.SUITES[python][1])
    assert {package["name"] for package in tomllib.loads(lock)["packages"]} == pinned


def test_of_two_wheels_with_one_file_the_later_by_name_wins(supplies, source, tmp_path):
    for name in ("clash_b", "clash_a"):
        with zipfile.ZipFile(tmp_path / f"{name}-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr("shared/__init__.py", f"owner = {name!r}\n")
            archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    wheels = UvWheels(tmp_path / "uv", PackageIndexes(find_links=[str(tmp_path)], offline=True))
    own = dataclasses.replace(supplies, wheels=wheels)
    service.assemble(make_request(source, requirements=""), supplies=supplies)  # the box's packages are known
    image = service.assemble(make_request(source, requirements="clash_b\nclash_a\n"), supplies=own)
    with layer_of(supplies, image, "2 small wheels") as archive:
        assert archive.extractfile("app/site-packages/shared/__init__.py").read() == b"owner = 'clash_b'\n"


def test_stages_tell_what_happens(supplies, source):
    told = []
    service.assemble(make_request(source), supplies=supplies, on_stage=lambda stage, text: told.append((stage, text)))
    assert {stage for stage, _ in told} == {"base", "lock", "wheels", "layers", "manifest"}
    assert all(text for _, text in told)


def test_only_the_tree_itself_is_read(supplies, source, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("do not read")
    (source / "way-out").symlink_to(tmp_path / "secret")
    image = service.assemble(make_request(source, requirements=""), supplies=supplies)
    with layer_of(supplies, image, "source") as archive:
        assert archive.getmember("app/src/way-out").issym()
        assert not any("key" in name for name in archive.getnames())
    os.mkfifo(source / "pipe")
    with pytest.raises(SourceRefused):
        service.assemble(make_request(source, requirements=""), supplies=supplies)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", ".."])
def test_an_artifact_has_a_plain_name(supplies, source, name):
    artifact = Artifact(name, supplies.blobs.put([b"pickle"]).digest)
    with pytest.raises(SourceRefused):
        service.assemble(make_request(source, requirements="", artifact=artifact), supplies=supplies)


def test_a_missing_artifact_is_said_to_be_missing(supplies, source):
    with pytest.raises(BlobMissing):
        service.assemble(make_request(source, artifact=Artifact("m.pkl", f"sha256:{'0' * 64}")), supplies=supplies)


def test_options_in_requirements_never_reach_the_resolver(supplies, source):
    with pytest.raises(RequirementRefused):
        service.assemble(make_request(source, requirements="-r /etc/passwd"), supplies=supplies)


def test_a_lock_of_another_platform_is_refused(supplies, source):
    lock = service.lock_requirements(make_request(source, requirements=""), supplies=supplies)
    with pytest.raises(LockRefused):
        service.assemble(make_request(source, lock=lock, platforms=("linux/arm64",)), supplies=supplies)


def test_an_assembly_that_is_killed_can_be_done_again(supplies, source, tmp_path):
    expected = service.assemble(make_request(source), supplies=supplies)
    anew = supplies_with_base(tmp_path / "anew", supplies)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "anew"), str(source), expected.lock.to_text()],
        env=os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    try:
        work = anew.cache.folder / "work"
        until(lambda: work.exists() and any(work.iterdir()), what="the child to fetch wheels")
    finally:
        child.kill()
        child.wait()
    assert any(work.iterdir())
    service.clean_up(supplies=anew)
    assert not any(work.iterdir())
    assert service.assemble(make_request(source, lock=expected.lock), supplies=anew).digest == expected.digest
    assert not any(work.iterdir())


KILLED = """
import sys, time
from pathlib import Path
from modelyard.rooms.images import service
from modelyard.rooms.images.schemas import AssemblyRequest, Lock
from support.supplies import new_supplies

supplies = new_supplies(Path(sys.argv[1]))
fetch = supplies.wheels.fetch
supplies.wheels.fetch = lambda *args, **options: (fetch(*args, **options), time.sleep(60))
request = AssemblyRequest(source=Path(sys.argv[2]), target={}, signature={}, lock=Lock.from_text(sys.argv[3]))
service.assemble(request, supplies=supplies)
"""
