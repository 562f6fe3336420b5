"""Pushes by the tools that people use: what they push becomes a version, and comes back the same."""

import json
from pathlib import Path

from rooms.versions.tiny import Author, author
from support import images
from support.images import MadeImage, layer, skopeo
from support.server import Server

SCHEMA = {
    "type": "object",
    "properties": {"angle": {"type": "integer", "default": 90}, "images": {"x-modelyard": "files"}},
}
LABELS = {
    "io.modelyard.schema": json.dumps(SCHEMA),
    "org.opencontainers.image.title": "Rotate",
    "org.opencontainers.image.description": "Turns images.",
    "org.opencontainers.image.authors": "Ada",
    "org.opencontainers.image.licenses": "MIT",
}


def registry(me: Author) -> str:
    return me.server.url.removeprefix("http://")


def rotate(**running: object) -> MadeImage:
    return images.image(layer({"bin/": None, "bin/true": "#!"}), Labels=LABELS, **running)


def skopeo_push(me: Author, made: MadeImage, folder: Path, to: str) -> None:
    layout = images.write_layout(made, folder)
    options = [
        "copy",
        "--all",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"--dest-creds={me.username}:{me.password}",
    ]
    done = skopeo(*options, f"oci:{layout}", f"docker://{registry(me)}/{to}", home=me.folder)
    assert done.returncode == 0, done.stderr


def test_skopeo_pushes_an_image_that_becomes_a_version(site: Server, tmp_path: Path) -> None:
    me = author(site, tmp_path)
    address = f"{me.username}/rotate"
    me.name = "rotate"
    made = rotate()
    skopeo_push(me, made, tmp_path / "layout", f"{address}:latest")
    ready = me.ready({"number": 1})
    assert ready["image"]["digest"] == made.digest
    assert ready["operation"] == {
        "kind": "operation",
        "origin": "image",
        "options": False,
        "published": True,
        "outdated": False,
    }
    assert ready["signature"]["inputs"]["properties"] == SCHEMA["properties"]
    assert (ready["card"]["title"], ready["card"]["license"]) == ("Rotate", "MIT")
    assert [stage["name"] for stage in ready["stages"]] == ["import", "check", "publish"]
    found = site.client(me.token).get(f"/api/v1/repos/{address}").json()
    assert (found["kind"], found["visibility"], found["title"]) == ("operation", "private", "Rotate")
