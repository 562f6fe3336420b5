import base64
import hashlib
import time
import tomllib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.adapters.uv.wheels import UvWheels
from modelyard.rooms.images.errors import (
    IndexUnavailable,
    LockRefused,
    NoWheel,
    PackagesConflict,
    UnknownPackage,
    WheelRefused,
)
from modelyard.rooms.images.schemas import Wheel
from support import session
from support.ports import free_port

TARGET = {"python": "3.11", "platform": "linux/amd64", "glibc": "2.36"}


@pytest.fixture
def pypi():
    """The real index; what uv learns of it is shared in the run."""
    return UvWheels(session.current() / "uv")


def packages(text):
    return {package["name"]: package for package in tomllib.loads(text)["packages"]}


def test_requirements_are_resolved_for_another_platform(pypi):
    found = packages(pypi.lock("markupsafe==3.0.2\nsix\n", **TARGET | {"platform": "linux/arm64"}))
    assert set(found) == {"markupsafe", "six"}
    assert all("aarch64" in wheel["url"] for wheel in found["markupsafe"]["wheels"])
    assert all(wheel["hashes"]["sha256"] for package in found.values() for wheel in package["wheels"])


def test_requirements_are_resolved_for_another_python(pypi):
    found = packages(pypi.lock("markupsafe==3.0.2", **TARGET | {"python": "3.13", "glibc": "2.41"}))
    assert all("cp313" in wheel["url"] for wheel in found["markupsafe"]["wheels"])


@pytest.mark.parametrize(
    ("requirements", "error", "words"),
    [
        ("no-such-package-on-the-index-zz", UnknownPackage, "no-such-package-on-the-index-zz"),
        ("six==99.0", UnknownPackage, "99.0 of six"),
        ("six==1.16.0\nsix==1.17.0", PackagesConflict, "six==1.16.0"),
        ("flask==3.0.0\nwerkzeug<2", PackagesConflict, "werkzeug"),
        ("pyspark", NoWheel, "pyspark"),
    ],
)
def test_what_cannot_be_resolved_is_refused_with_the_reason(pypi, requirements, error, words):
    with pytest.raises(error) as refused:
        pypi.lock(requirements, **TARGET)
    assert words in refused.value.detail
    assert refused.value.remedy
    assert refused.value.field == "requirements"


def test_a_package_whose_wheels_are_for_other_platforms_is_refused(pypi):
    with pytest.raises(NoWheel) as refused:
        pypi.lock("pywin32==306", **TARGET)
    assert "linux/amd64" in refused.value.detail
    assert "find-links" in refused.value.remedy


def test_an_index_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    dead = UvWheels(tmp_path, PackageIndexes(index_url=f"http://secret:word@127.0.0.1:{free_port()}/simple"))
    with pytest.raises(IndexUnavailable) as refused:
        dead.lock("six", **TARGET)
    assert "word" not in refused.value.detail


def make_wheel(folder, name="demo_model-1.0-py3-none-any.whl"):
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        version = name.split("-")[1]
        info = f"demo_model-{version}.dist-info"
        archive.writestr("demo_model.py", "x = 1\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo-model\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


def described(file, url):
    return Wheel("demo-model", "1.0", file.name, url, hashlib.sha256(file.read_bytes()).hexdigest())


def test_without_a_network_a_folder_of_wheels_serves(tmp_path):
    file = make_wheel(tmp_path)
    offline = UvWheels(tmp_path / "cache", PackageIndexes(find_links=[str(tmp_path)], offline=True))
    locked = packages(offline.lock("demo-model", **TARGET))["demo-model"]["wheels"][0]
    counted = []
    offline.fetch(described(file, locked["url"]), tmp_path / "out.whl", on_bytes=counted.append)
    assert (tmp_path / "out.whl").read_bytes() == file.read_bytes()
    assert sum(counted) == file.stat().st_size
    with pytest.raises(IndexUnavailable):
        offline.fetch(described(file, "https://example.org/x.whl"), tmp_path / "y.whl", on_bytes=counted.append)


def test_an_answer_counts_for_ten_minutes(tmp_path, monkeypatch):
    make_wheel(tmp_path)
    offline = UvWheels(tmp_path / "cache", PackageIndexes(find_links=[str(tmp_path)], offline=True))
    first = offline.lock("demo-model", **TARGET)
    make_wheel(tmp_path, "demo_model-2.0-py3-none-any.whl")
    assert offline.lock("demo-model", **TARGET) == first
    later = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: later)
    assert packages(offline.lock("demo-model", **TARGET))["demo-model"]["version"] == "2.0"
    assert len(list((tmp_path / "cache" / "answers").iterdir())) == 1


def test_a_file_outside_the_configured_folders_is_not_read(tmp_path):
    (tmp_path / "links").mkdir()
    file = make_wheel(tmp_path)
    wheels = UvWheels(tmp_path / "cache", PackageIndexes(find_links=[str(tmp_path / "links")]))
    for url in (f"file://{file}", f"file://{tmp_path}/links/../{file.name}", "file:///etc/passwd"):
        with pytest.raises(LockRefused):
            wheels.fetch(described(file, url), tmp_path / "out.whl", on_bytes=lambda size: None)


class _Private(SimpleHTTPRequestHandler):
    """Serves a folder to ``user``/``pass word`` only."""

    def do_GET(self):
        if self.headers["Authorization"] != "Basic " + base64.b64encode(b"user:pass word").decode():
            self.send_error(401)
            return
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def private_index(tmp_path):
    folder = tmp_path / "index"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Private, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_operators_credentials_are_used_on_their_host_only(private_index, tmp_path):
    folder, address = private_index
    file = make_wheel(folder)
    wheel = described(file, f"http://{address}/{file.name}")
    known = UvWheels(tmp_path / "c", PackageIndexes(extra_index_urls=[f"http://user:pass%20word@{address}/simple"]))
    known.fetch(wheel, tmp_path / "out.whl", on_bytes=lambda size: None)
    assert (tmp_path / "out.whl").exists()
    stranger = UvWheels(
        tmp_path / "c", PackageIndexes(extra_index_urls=["http://user:pass%20word@other.example/simple"])
    )
    with pytest.raises(IndexUnavailable, match="401"):
        stranger.fetch(wheel, tmp_path / "no.whl", on_bytes=lambda size: None)
    assert not list(tmp_path.glob(".*")) + list(tmp_path.glob("no.whl"))


def test_other_bytes_than_were_locked_are_refused(tmp_path):
    file = make_wheel(tmp_path)
    wheels = UvWheels(tmp_path / "cache", PackageIndexes(find_links=[str(tmp_path)]))
    wheel = described(file, f"file://{file}")
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(WheelRefused, match="hash"):
        wheels.fetch(wheel, tmp_path / "out.whl", on_bytes=lambda size: None)
    assert not (tmp_path / "out.whl").exists()
    assert not list(tmp_path.glob(".*"))
