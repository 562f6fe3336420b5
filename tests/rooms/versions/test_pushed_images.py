"""What becomes of a pushed image: it is unpacked and checked, and engine `local` runs it without any Docker."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from contracts.engine_bench import Bench
from contracts.engine_images import busybox_layer, directory, file
from contracts.engine_images import layer as tar
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.images import service as stored_images
from modelyard.rooms.runs.ports import Image, Isolation
from rooms.images.pushes import push, push_blob, pushing, put_manifest
from rooms.versions.tiny import Author, author
from support import images
from support.images import MadeImage, digest_of, layer
from support.server import Server

SCHEMA = {"type": "object", "properties": {"angle": {"type": "integer", "minimum": 0}}, "required": ["angle"]}


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    me = author(site, tmp_path)
    me.name = "pushed"
    return me


@pytest.fixture
def client(me: Author) -> Iterator[httpx.Client]:
    with pushing(me) as client:
        yield client


def finished(me: Author, client: httpx.Client, made: MadeImage, *, number: int = 1) -> dict[str, Any]:
    push(client, made, f"t{number}")
    return me.finish({"number": number})


def test_each_new_image_is_the_next_version_and_the_same_none(me: Author, client: httpx.Client) -> None:
    first, second = images.image(layer({"a": "1"})), images.image(layer({"a": "2"}))
    assert finished(me, client, first)["state"] == "ready"
    put_manifest(client, first, "latest")
    put_manifest(client, first, "again")
    assert finished(me, client, second, number=2)["image"]["digest"] == second.digest
    assert put_manifest(client, first, "latest").status_code == 201
    listed = me.server.client(me.token).get(me.versions).json()["items"]
    assert [version["number"] for version in listed] == [2, 1]
    assert client.get("/tags/list").json()["tags"] == ["again", "latest", "t1", "t2", "v1", "v2"]
    assert client.get("/manifests/v1").headers["docker-content-digest"] == first.digest
    assert client.get("/manifests/latest").headers["docker-content-digest"] == first.digest


def test_the_commit_says_what_was_pushed(me: Author, client: httpx.Client) -> None:
    labels = {"org.opencontainers.image.title": "Turn", "org.opencontainers.image.authors": "Ada <ada@example.org>"}
    made = images.image(layer({"a": "1"}), Labels=labels)
    finished(me, client, made)
    with me.server.client(me.token) as mine:
        raw = mine.get(f"/api/v1/repos/{me.address}/raw", params={"path": "image.json", "revision": "v1"}).json()
        readme = mine.get(f"/api/v1/repos/{me.address}/raw", params={"path": "README.md", "revision": "v1"}).text
    assert (raw["digest"], raw["labels"], raw["platforms"]) == (made.digest, labels, ["linux/amd64"])
    assert "title: Turn" in readme
    assert "Authors: Ada <ada@example.org>" in readme


def test_the_form_comes_from_the_file_of_the_topmost_layer(me: Author, client: httpx.Client) -> None:
    low = layer({"modelyard/schema.json": json.dumps({"type": "object", "properties": {"old": {}}})})
    ready = finished(me, client, images.image(low, layer({"./modelyard/schema.json": json.dumps(SCHEMA)})))
    assert (ready["state"], ready["signature"]["inputs"]) == ("ready", SCHEMA)
    assert ready["operation"]["origin"] == "image"
    hidden = finished(me, client, images.image(low, layer({".wh.modelyard": None})), number=2)
    assert hidden["signature"]["inputs"]["properties"] == {}
    assert "io.modelyard.schema" in hidden["signature"]["notes"][0]


def test_labels_say_the_kind_and_how_it_is_called(me: Author, client: httpx.Client) -> None:
    labels = {"io.modelyard.kind": "trainer", "io.modelyard.options": "true", "io.modelyard.network": "true"}
    ready = finished(me, client, images.image(layer({"a": "1"}), Labels=labels))
    assert (ready["operation"]["kind"], ready["operation"]["options"]) == ("trainer", True)
    assert "network" in ready["notes"][0], "the site gives none, which is said"
    wrong = finished(me, client, images.image(layer({"a": "2"}), Labels={"io.modelyard.kind": "magic"}), number=2)
    assert (wrong["state"], "io.modelyard.kind" in wrong["reason"]) == ("failed", True)


def test_cogs_images_bring_their_form(me: Author, client: httpx.Client) -> None:
    properties = {
        "scale": {"type": "number", "default": 2, "x-order": 1},
        "image": {"type": "string", "format": "uri", "x-order": 0},
        "mode": {"allOf": [{"$ref": "#/components/schemas/mode"}], "x-order": 2},
    }
    schemas = {
        "Input": {"type": "object", "title": "Input", "properties": properties, "required": ["image"]},
        "mode": {"type": "string", "enum": ["fast", "fine"]},
        "Output": {"type": "string"},
    }
    label = json.dumps({"openapi": "3.0.2", "components": {"schemas": schemas}})
    ready = finished(me, client, images.image(layer({"a": "1"}), Labels={"run.cog.openapi_schema": label}))
    assert ready["operation"]["origin"] == "cog", ready
    inputs = ready["signature"]["inputs"]
    assert list(inputs["properties"]) == ["image", "scale", "mode"]
    assert inputs["properties"]["image"]["x-modelyard"] == "file"
    assert inputs["$defs"] == {"mode": {"type": "string", "enum": ["fast", "fine"]}}


GOOD = layer({"bin/": None, "a": "x" * 10_000})


def broken() -> dict[str, tuple[MadeImage, str]]:
    return {
        "another diff_id": (images.image(GOOD, diff_ids=[digest_of(b"else")]), "diff_id"),
        "a truncated gzip": (images.image(GOOD, sent=[gzip.compress(GOOD)[:-20]]), "ends early"),
        "a truncated zstd": (images.image(GOOD, sent=[zstandard.compress(GOOD)[:-20]]), "diff_id"),
        "a truncated tar": (images.image(GOOD[:5000]), "tar"),
        "a damaged gzip": (images.image(GOOD, sent=[gzip.compress(GOOD)[:30] + b"x" * 50]), "damaged"),
        "no tar": (images.image(b"x" * 2000), "tar"),
        "too few diff_ids": (images.image(GOOD, layer({"b": ""}), diff_ids=[digest_of(GOOD)]), "2"),
        "nothing to start": (images.image(GOOD, Cmd=None), "start"),
        "another platform": (images.image(GOOD, architecture="s390x"), "linux/amd64"),
        "a schema that is none": (images.image(GOOD, Labels={"io.modelyard.schema": '{"type": 7}'}), "/type"),
    }


@pytest.mark.parametrize("what", list(broken()))
def test_an_image_that_is_broken_fails_with_the_reason_and_stays(me: Author, client: httpx.Client, what: str) -> None:
    made, reason = broken()[what]
    failed = finished(me, client, made)
    assert failed["state"] == "failed"
    assert reason in failed["reason"], failed["reason"]
    assert failed["remedy"]
    assert client.get("/manifests/t1").content == made.blobs[made.digest]


def test_a_config_that_is_none_fails_too(me: Author, client: httpx.Client) -> None:
    push_blob(client, b"no json")
    good = images.image(GOOD)
    document = good.document | {"config": images.descriptor(b"no json", images.CONFIG)}
    sent = good.document["layers"][0]["digest"]
    push(
        client,
        images.of_document(document, {b: good.blobs[b] for b in (sent,)} | {digest_of(b"no json"): b"no json"}),
        "x",
    )
    failed = me.finish({"number": 1})
    assert (failed["state"], "JSON" in failed["reason"]) == ("failed", True)


def stored(me: Author, digest: str) -> tuple[LocalBlobStore, Image]:
    """The image as engines get it, from the server's own blobs."""
    blobs = LocalBlobStore(me.server.folder / "d" / "blobs")
    found = stored_images.find_image(blobs, digest)
    return blobs, Image(digest=found.digest, config=found.config, layers=found.layers)


@pytest.mark.parametrize("how", ["gzip", "zstd", "plain", "docker", "index"])
def test_engine_local_runs_it_as_the_image_says(me: Author, client: httpx.Client, tmp_path: Path, how: str) -> None:
    base = busybox_layer()
    middle = tar(
        directory("data"),
        file("data/gone", "gone"),
        file("data/kept", "kept"),
        directory("old"),
        file("old/x", "x"),
        file("etc/passwd", "app:x:1234:4321::/:/bin/sh\n"),
    )
    top = tar(file("data/.wh.gone"), directory("old"), file("old/.wh..wh..opq"), file("old/new", "new"))
    layers = [base, middle, top]
    packed = {"zstd": zstandard.compress, "plain": bytes}.get(how, lambda data: gzip.compress(data, 1))
    script = "cd /; ls data old; id -u; id -g; cd -; pwd; echo $GREETING"
    made = images.image(
        *layers,
        sent=[packed(each) for each in layers],
        docker=how == "docker",
        User="app",
        WorkingDir="/data",
        Env=["PATH=/bin", "GREETING=hello"],
        Entrypoint=["/bin/sh", "-c"],
        Cmd=[script],
    )
    for data in made.parts.values():
        push_blob(client, data)
    if how == "index":
        assert put_manifest(client, made).status_code == 201
        made = images.index(made)
    assert put_manifest(client, made, "latest").status_code == 201
    digest = me.ready({"number": 1})["image"]["digest"]
    assert digest == made.digest
    blobs, image = stored(me, digest)
    bench = Bench(LocalEngine(tmp_path / "engine", blobs, level=Isolation.NAMESPACES), image)
    try:
        ended, log = bench.run()
    finally:
        bench.close()
    assert ended.exit_code == 0, log
    assert log.split() == ["data:", "kept", "old:", "new", "1234", "4321", "/data", "/data", "hello"]
