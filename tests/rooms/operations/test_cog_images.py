"""An image of Cog's, pushed like any other: its form comes from its label, and a run by it gives files."""

import json
from pathlib import Path

from rooms.images.pushes import push, pushing
from rooms.versions.tiny import author
from support import cog_images, server
from support.images import MANIFEST, MadeImage
from support.waiting import until

PAGE = b"a page that is read"


def test_it_is_pushed_and_run(tmp_path: Path) -> None:
    me = author(server.shared(), tmp_path)
    me.name = "reader"
    with pushing(me) as registry:
        push(registry, _image("Pages"), "latest")
    version = me.ready({"number": 1})
    assert version["operation"]["origin"] == "cog"
    with me.server.client(me.token) as client:
        form = client.get(f"/api/v1/repos/{me.address}/versions/1/form").json()
        assert [(field["name"], field["kind"]) for field in form["inputs"]] == [("pages", "files")]
        (tmp_path / "page one.txt").write_bytes(PAGE)
        upload = me.client.upload(tmp_path / "page one.txt")
        wanted = {"inputs": {"pages": {"uploads": [{"upload": upload}]}}}
        asked = client.post(f"/api/v1/repos/{me.address}/runs", json=wanted)
        assert asked.status_code == 202, asked.text
        place = f"/api/v1/runs/{asked.json()['id']}"
        run = until(lambda: found if (found := client.get(place).json())["ended_at"] else None, seconds=120)
        assert (run["state"], run["result"]) == ("succeeded", {"output": ["output.0.txt"]}), run["reason"]
        assert client.get(f"{place}/outputs/output.0.txt").content == PAGE.upper()


def _image(predictor: str) -> MadeImage:
    """With all its parts in memory, as a registry's client sends them."""
    store, digest = cog_images.store(), cog_images.digest(cog_images.RUST_SERVER, predictor)
    text = b"".join(store.open(digest))
    document = json.loads(text)
    parts = [document["config"]["digest"], *(each["digest"] for each in document["layers"])]
    return MadeImage(digest, MANIFEST, {digest: text, **{part: b"".join(store.open(part)) for part in parts}})
