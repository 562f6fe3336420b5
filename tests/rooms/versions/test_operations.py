"""Operations over HTTP: a typed script becomes an image that follows the contract of runs."""

import json
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from modelyard.kit.db import Database
from modelyard.rooms.versions import service
from modelyard.rooms.versions.errors import VersionUnpublished
from modelyard_client import ClientError
from rooms.versions.tiny import Author, author, zipped
from support.containers import image_of, run_version
from support.server import Server

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "operations.md"
SCRIPT = '''"""Turns texts around."""

from pathlib import Path
from typing import Annotated

from pydantic import Field


def turn(texts: Path, output: Path, *, times: Annotated[int, Field(ge=0, le=3)] = 1) -> dict:
    """Turns each file around.

    Args:
        texts: Files of text.
        times: How often.
    """
    names = sorted(p.name for p in texts.iterdir())
    for number, name in enumerate(names, 1):
        text = (texts / name).read_text()
        (output / name).write_text(text[::-1] if times % 2 else text)
        print(f"progress: {number / len(names)} {name}")
    return {"files": len(names), "times": times}
'''
PLAIN = SCRIPT.replace("from pydantic import Field\n", "").replace("Annotated[int, Field(ge=0, le=3)]", "int")


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    mine = author(site, tmp_path, name="unused")
    mine.client.create_repository(f"{mine.username}/turn", kind="operation")
    return Author(**mine.__dict__ | {"name": "turn"})


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("abc")
    (folder / "b.txt").write_text("äöü")
    return folder


def push_script(me: Author, script: str = PLAIN, *, name: str = "turn.py", **parts: bytes) -> dict[str, Any]:
    """Pushes a script alone, or with parts."""
    files = {part: me.file(f"{part}.txt", content) for part, content in parts.items()}
    return me.client.push_parts(me.address, source=me.file(name, script.encode()), **files)


def test_a_script_alone_becomes_an_operation_that_runs(me: Author, texts: Path, tmp_path: Path) -> None:
    version = me.ready(push_script(me))
    assert version["operation"] == {
        "kind": "operation", "origin": "script", "options": False, "published": True, "outdated": False,
    }  # fmt: skip
    inputs = version["signature"]["inputs"]
    assert inputs["properties"]["texts"] == {
        "type": "string", "x-modelyard": "files", "description": "Files of text.",
    }  # fmt: skip
    assert inputs["required"] == ["texts"]
    assert list(inputs["properties"]) == ["texts", "times"]
    config = image_of(me.server, version).config["config"]
    assert (config["Cmd"], config["Labels"]["io.modelyard.kind"]) == (["run"], "operation")
    assert json.loads(config["Labels"]["io.modelyard.schema"]) == inputs
    ran = run_version(me.server, version, tmp_path, inputs={"texts": texts}, params={"times": 3})
    assert (ran.exit_code, ran.result) == (0, {"files": 2, "times": 3}), ran.log
    assert (ran.out / "b.txt").read_text() == "üöä"
    assert ran.log == "progress: 0.5 a.txt\nprogress: 1.0 b.txt\n"


def test_the_script_of_the_guide_turns_two_images(me: Author, tmp_path: Path) -> None:
    script = GUIDE.read_text().split("```python\n")[1].split("```")[0]
    version = me.ready(push_script(me, script, name="rotate.py"))
    assert version["signature"]["inputs"]["properties"]["angle"]["maximum"] == 360
    images = tmp_path / "images"
    images.mkdir()
    for name, width in (("a.png", 4), ("b.png", 6)):
        picture = Image.new("L", (width, width))
        picture.putpixel((0, 0), 255)
        picture.save(images / name)
    ran = run_version(me.server, version, tmp_path, inputs={"images": images}, params={"angle": 180})
    assert (ran.exit_code, ran.result, ran.files) == (0, {"turned": 2}, ["a.png", "b.png", "result.json"]), ran.log
    assert Image.open(ran.out / "b.png").getpixel((5, 5)) == 255
    refused = run_version(me.server, version, tmp_path, inputs={"images": images}, params={"angle": 400})
    assert (refused.exit_code, refused.files) == (2, [])
    assert "run: input 'angle': 400 is greater than the maximum of 360" in refused.log


YAML = {"turn.py": PLAIN, "modelyard.yaml": "run: turn:turn\nkind: visualisation\n", "README.md": "# Turn\n"}


def test_a_folder_says_its_kind_and_a_clone_reads_back_the_same(me: Author) -> None:
    version = me.client.push_archive(me.address, me.file("f.zip", zipped(YAML)))
    assert version["operation"]["kind"] == "visualisation"
    assert version["target"] == "turn:turn"
    with me.server.client(me.token) as client:
        assert client.get(f"/api/v1/repos/{me.address}").json()["data_types"] == ["file"]
        names = [field["name"] for field in client.get(f"{me.versions}/1/card").json()["fields"]]
        assert "time_of_prediction" not in names
    config = b'{"run": {"module": "turn", "function": "turn"}, "kind": "trainer"}'
    again = me.client.push_parts(
        me.address, source=me.file("s.zip", zipped({"turn.py": PLAIN})), config=me.file("c.json", config)
    )
    assert again["operation"]["kind"] == "trainer"
    with me.server.client(me.token) as client:
        text = client.get(f"/api/v1/repos/{me.address}/raw", params={"path": "modelyard.yaml"}).text
    assert text == "run: turn:turn\nkind: trainer\nrequirements: requirements.txt\n"


def test_requirements_stand_in_the_scripts_head(me: Author) -> None:
    head = '# /// script\n# dependencies = ["pydantic>=2"]\n# ///\n'
    version = push_script(me, head + SCRIPT)
    assert version["signature"]["inputs"]["properties"]["times"]["maximum"] == 3
    with me.server.client(me.token) as client:
        found = client.get(f"/api/v1/repos/{me.address}/raw", params={"path": "requirements.txt"}).text
    assert found == "pydantic>=2\n"


@pytest.mark.parametrize(
    ("script", "name", "said"),
    [
        ("def a(): ...\ndef b(): ...", "s.py", "several functions that could be meant: a, b"),
        ("def _a(): ...", "s.py", "has no function that could be run"),
        ("def a(:", "s.py", "is not Python"),
        ("def a(): ...", "my-script.py", "is not a module name"),
        ("def a(output: int): ...", "s.py", "its type is no path"),
        ("def a(): ...\n" + "#" * 2**20, "s.py", "is larger than 1 MiB"),
    ],
)
def test_a_script_that_says_too_little_is_refused(me: Author, script: str, name: str, said: str) -> None:
    with pytest.raises(ClientError, match=said):
        push_script(me, script, name=name)


def test_an_operation_takes_no_models_file(me: Author) -> None:
    with pytest.raises(ClientError, match="has no model's file"):
        push_script(me, artifact=b"x")
    for text in ("run: turn:turn\nbatch: true\n", "run: turn:turn\npredict: turn:turn\n", "run: turn:T.turn\n"):
        with pytest.raises(ClientError) as caught:
            me.client.push_archive(me.address, me.file("f.zip", zipped({**YAML, "modelyard.yaml": text})))
        assert caught.value.code == "config_invalid"


def test_a_script_that_cannot_be_imported_fails_visibly(me: Author) -> None:
    ended = me.finish(push_script(me, "import nowhere_at_all\n" + PLAIN))
    assert ended["state"] == "failed"
    assert "nowhere_at_all" in ended["reason"]
    assert next(stage for stage in ended["stages"] if stage["name"] == "check")["state"] == "failed"


def test_the_function_is_not_called_by_the_check(me: Author) -> None:
    me.ready(push_script(me, "def work() -> dict:\n    raise SystemExit('called')\n"))


def test_a_changed_script_makes_the_newest_published_version_outdated(me: Author) -> None:
    me.ready(push_script(me))
    assert outdated(me) == {1: False}
    me.finish(me.client.push_archive(me.address, me.file("f.zip", zipped({**YAML, "turn.py": "1 / 0\n" + PLAIN}))))
    assert outdated(me) == {2: False, 1: True}
    assert me.client.get_version(me.address, 1)["operation"]["outdated"]
    me.ready(push_script(me))
    assert outdated(me) == {3: False, 2: False, 1: False}


def test_only_the_owner_may_run_what_is_not_published(me: Author) -> None:
    me.ready(push_script(me))
    me.ready(push_script(me, PLAIN + "# 2"))
    with me.server.client(me.token) as client:
        assert client.post(f"{me.versions}/2/unpublish").status_code == 200
        repository_id = UUID(client.get(f"/api/v1/repos/{me.address}").json()["id"])
    database = Database(me.server.database_url)
    with database.read() as session:
        runnable = partial(service.get_runnable_version, session, repository_id)
        assert [runnable(None, owns=owns).number for owns in (True, False)] == [1, 1]
        assert runnable(2, owns=True).number == 2
        with pytest.raises(VersionUnpublished):
            runnable(2, owns=False)
    database.close()


def outdated(me: Author) -> dict[int, bool]:
    return {v["number"]: v["operation"]["outdated"] for v in me.client.list_versions(me.address)}


def test_a_version_is_taken_back_and_offered_again(me: Author) -> None:
    me.ready(push_script(me))
    with me.server.client(me.token) as client:
        address = f"{me.versions}/1"
        for verb, published in (("unpublish", False), ("unpublish", False), ("publish", True)):
            assert client.post(f"{address}/{verb}").json()["operation"]["published"] is published
            assert client.get(address).json()["operation"]["published"] is published
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
        with me.server.client(me.server.account()[2]) as stranger:
            assert stranger.post(f"{address}/unpublish").status_code == 403
        assert client.post(f"{me.versions}/9/publish").status_code == 404


def test_what_is_no_operation_is_not_published_and_no_operation_is_served(me: Author) -> None:
    model = Author(**me.__dict__ | {"name": "unused"})
    model.ready(model.push())
    me.ready(push_script(me))
    with me.server.client(me.token) as client:
        assert client.post(f"{model.versions}/1/unpublish").json()["code"] == "not_an_operation"
        assert client.put(f"/api/v1/repos/{me.address}/deployment", json={}).json()["code"] == "not_a_model"
        assert client.post(f"/serve/{me.address}@v1/model/predict", json={}).status_code == 404
