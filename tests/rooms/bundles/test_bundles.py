"""A bundle over HTTP: what is in it, that it resumes, who gets it, and what is said where there is none."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.rooms.accounts.schemas import Role
from support import digits
from support.server import Server


@dataclass(frozen=True)
class Place:
    site: Server
    token: str
    owner: str
    version: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/api/v1/repos/{self.version['address']}/versions/{self.version['number']}/bundle"


@pytest.fixture(scope="module")
def place(site: Server) -> Place:
    owner, _, token = site.account(Role.CREATOR)
    return Place(site, token, owner, digits.push(site, token))


@pytest.fixture(scope="module")
def client(place: Place) -> Iterator[httpx.Client]:
    with place.site.client(place.token) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(place: Place, client: httpx.Client) -> httpx.Response:
    return client.get(place.path).raise_for_status()


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def test_it_holds_the_steps_first_then_both_images_with_each_layer_once(place: Place, whole: httpx.Response) -> None:
    with tarfile.open(fileobj=io.BytesIO(whole.content)) as archive:
        names = archive.getnames()
    assert names[:5] == ["README.md", "compose.yaml", "LICENSE", "CARD.md", "manifest.json"]
    assert len(names) == len(set(names))
    files = members(whole.content)
    model, front = json.loads(files["manifest.json"])
    assert model["RepoTags"] == [f"localhost/{place.version['address']}:v1"]
    assert front["RepoTags"][0].startswith("localhost/modelyard-front:")
    assert model["Layers"][0] == front["Layers"][0], "the base is shared"
    assert set(names[5:]) == {model["Config"], front["Config"], *model["Layers"], *front["Layers"]}
    for image in (model, front):
        config = json.loads(files[image["Config"]])
        assert image["Config"] == f"{hashlib.sha256(files[image['Config']]).hexdigest()}.json"
        found = [f"sha256:{hashlib.sha256(files[layer]).hexdigest()}" for layer in image["Layers"]]
        assert found == config["rootfs"]["diff_ids"]


def test_its_texts_are_for_that_very_model(place: Place, whole: httpx.Response) -> None:
    files = {name: data.decode() for name, data in members(whole.content).items() if "." in name and "/" not in name}
    assert f"docker load -i digits-v1-{architecture()}.tar" in files["README.md"]
    compose = yaml.safe_load(files["compose.yaml"])
    images = [tag for image in json.loads(files["manifest.json"]) for tag in image["RepoTags"]]
    assert [service["image"] for service in compose["services"].values()] == images
    assert compose["services"]["model"]["networks"] == ["inside"], "no network beyond the page: it asked for none"
    assert compose["networks"]["inside"]["internal"] is True
    assert files["CARD.md"].startswith("---\n")


def architecture() -> str:
    from modelyard.rooms.images.service import own_platform

    return own_platform().partition("/")[2]


def test_head_and_a_second_download_say_the_same(place: Place, client: httpx.Client, whole: httpx.Response) -> None:
    again, head = client.get(place.path), client.head(place.path)
    assert again.content == whole.content
    for name in ("etag", "content-length", "content-type", "accept-ranges", "content-disposition"):
        assert head.headers[name] == again.headers[name] == whole.headers[name], name
    assert head.content == b""
    assert client.get(place.path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


def test_ranges_are_slices_of_the_whole(place: Place, client: httpx.Client, whole: httpx.Response) -> None:
    data, size = whole.content, len(whole.content)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, size - 1), st.integers(1, 200_000))
    def check(start: int, length: int) -> None:
        asked = {"Range": f"bytes={start}-{start + length - 1}", "If-Range": whole.headers["etag"]}
        answer = client.get(place.path, headers=asked)
        assert answer.status_code == 206
        assert answer.content == data[start : start + length]

    check()
    assert client.get(place.path, headers={"Range": f"bytes={size}-"}).status_code == 416
    older = client.get(place.path, headers={"Range": "bytes=0-9", "If-Range": '"older"'})
    assert older.status_code == 200


def test_the_checksum_is_that_of_the_download(place: Place, client: httpx.Client, whole: httpx.Response) -> None:
    for _ in range(2):  # computed, and remembered
        answer = client.get(f"{place.path}/checksum").raise_for_status()
        assert answer.text == f"{hashlib.sha256(whole.content).hexdigest()}  digits-v1-{architecture()}.tar\n"
        assert answer.headers["etag"] == whole.headers["etag"]


def test_a_private_bundle_is_for_its_readers(place: Place) -> None:
    _, _, stranger = place.site.account(Role.CREATOR)
    for token in ("", stranger):
        with place.site.client(token) as other:
            assert other.get(place.path).status_code == 404
            assert other.get(f"{place.path}/checksum").status_code == 404


def test_what_there_is_no_bundle_of(place: Place, client: httpx.Client) -> None:
    other = "arm64" if architecture() == "amd64" else "amd64"
    absent = client.get(place.path, params={"platform": f"linux/{other}"})
    assert (absent.status_code, absent.json()["code"]) == (404, "bundle_platform_missing")
    assert f"linux/{architecture()}" in absent.json()["detail"]
    assert client.get(place.path, params={"platform": "plan9/mips"}).status_code == 422
    missing = client.get(place.path.replace("/versions/1/", "/versions/7/"))
    assert (missing.status_code, missing.json()["code"]) == (404, "version_missing")
