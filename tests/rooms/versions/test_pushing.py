"""Pushing over HTTP: the forms a model comes in, and what is refused at once with nothing kept."""

import hashlib
import json
import pickle
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard_client.errors import ClientError
from rooms.versions.tiny import CONFIG, MODEL, SOURCE, Author, author, zipped
from support.server import Server

LINE_CLASS = """
class Line:
    def __init__(self, model: dict) -> None:
        self.slope = model["slope"]

    def predict(self, x: float) -> float:
        return self.slope * x
"""
ANY = {"line.py": "def anything(x: int = 1) -> int:\n    return x\n"}
YAML = """\
predict: "line:predict"
artifact: models/line.pkl
requirements: requirements.txt
python: "3.11"
resources: {memory: 512 MiB, timeout: 30}
card:
  title: A line
  description: Goes through the origin.
  tags: [geometry]
  example: {x: 2.0}
"""


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def test_four_parts_become_a_version(me: Author) -> None:
    version = me.push(message="The first", requirements="")
    assert (version["number"], version["state"], version["target"]) == (1, "queued", "line:predict")
    assert version["signature"]["inputs"]["properties"]["x"]["type"] == "number"
    assert version["pushed_by"] == me.username
    assert version["platforms"] == [{"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]]
    assert [s["name"] for s in version["stages"]] == [
        "base",
        "lock",
        "wheels",
        "layers",
        "manifest",
        "check",
        "publish",
    ]
    ready = me.ready(version)
    assert ready["image"]["digest"].startswith("sha256:")
    assert ready["ready_at"] >= ready["created_at"]
    assert {s["state"] for s in ready["stages"]} == {"complete"}


def test_the_class_form_is_called_with_the_model(me: Author) -> None:
    config = {"predict": {"module": "line", "class": "Line", "function": "predict"}}
    ready = me.ready(me.push({"line.py": LINE_CLASS}, config=config))
    assert ready["target"] == "line:Line.predict"
    assert list(ready["signature"]["inputs"]["properties"]) == ["x"]


def test_a_folder_with_a_manifest_becomes_a_version_with_its_card(me: Author) -> None:
    files = {"modelyard.yaml": YAML, "line.py": SOURCE, "models/line.pkl": pickle.dumps(MODEL), "requirements.txt": ""}
    ready = me.ready(me.push_folder(files))
    assert ready["card"]["title"] == "A line"
    assert ready["card"]["example"] == {"x": 2.0}
    with me.server.client(me.token) as client:
        shown = client.get(f"/api/v1/repos/{me.address}").json()
        assert (shown["title"], shown["description"]) == ("A line", "Goes through the origin.")
        files_shown = client.get(f"/api/v1/repos/{me.address}/files", params={"path": "models"}).json()
        assert [(f["path"], f["lfs"]) for f in files_shown] == [("models/line.pkl", True)]


def test_a_model_without_an_artifact_is_one_too(me: Author) -> None:
    me.ready(me.push({"line.py": "def predict(x: float) -> float:\n    return 2 * x\n"}, artifact=None))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"config": "{"}, "config_invalid"),
        ({"config": {"predict": {"module": "line"}}}, "config_invalid"),
        ({"config": {"predict": {"module": "line", "function": "absent"}}}, "target_missing"),
        ({"config": {"predict": {"module": "nowhere", "function": "predict"}}}, "target_missing"),
        ({"config": {"predict": {"module": "line; rm -rf /", "function": "predict"}}}, "config_invalid"),
        ({"source": {"line.py": "def predict(:\n"}}, "source_syntax"),
        ({"requirements": "--index-url http://x\nnumpy"}, "requirements_invalid"),
        ({"requirements": "git+https://x/y.git"}, "requirements_invalid"),
        ({"artifact": b"x", "source": {"a.txt": "no code"}}, "target_missing"),
        ({"config": CONFIG | {"resources": {"memory": "1 TiB"}}}, "resources_refused"),
        ({"config": CONFIG | {"resources": {"cpus": 999}}}, "resources_refused"),
        ({"config": CONFIG | {"resources": {"timeout": 80000}}}, "resources_refused"),
        ({"config": CONFIG | {"resources": {"network": True}}}, "resources_refused"),
        ({"source": {"line.py": SOURCE, ".gitattributes": "#" * 300_000}}, "parts_invalid"),
    ],
)
def test_what_cannot_be_a_model_is_refused_and_nothing_is_kept(me: Author, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        me.push(**given)
    assert (caught.value.status, caught.value.code) == (422, code)
    assert caught.value.remedy
    with me.server.client(me.token) as client:
        assert client.get(me.versions).json()["items"] == []
        assert client.get(f"/api/v1/repos/{me.address}/commits").json() == []


def test_a_forged_pointer_gives_nothing_of_others(me: Author, site: Server, tmp_path: Path) -> None:
    """Knowing a digest gives nothing: what a pointer in the source points at must be the repository's own."""
    other = author(site, tmp_path, name="secret")
    secret = b"the weights of somebody else" * 1000
    digest = hashlib.sha256(secret).hexdigest()
    function = {"predict": {"module": "line", "function": "anything"}}
    kept = other.finish(other.push(artifact=secret, config=function, source=ANY))
    assert kept["number"] == 1
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(secret)}\n"
    ended = me.finish(me.push(source={"line.py": SOURCE, "stolen.bin": pointer}))
    assert ended["state"] == "failed"
    assert "stolen.bin" in ended["reason"]
    assert "git lfs pull" in ended["remedy"]


def test_uploads_of_a_refused_push_can_be_pushed_again(me: Author) -> None:
    source = me.client.upload(me.file("source.zip", zip_of_line()))
    model = me.client.upload(me.file("model.pkl", pickle.dumps(MODEL)))
    wrong = me.client.upload(me.file("config.json", b"{"))
    right = me.client.upload(me.file("config.json", json.dumps(CONFIG).encode()))
    with me.server.client(me.token) as client:
        parts = {"source": source, "artifact": model, "config": wrong}
        assert client.post(me.versions, json={"parts": parts}).status_code == 422
        accepted = client.post(me.versions, json={"parts": parts | {"config": right}})
        assert (accepted.status_code, accepted.json()["number"]) == (202, 1)


def test_a_key_makes_a_push_happen_once(me: Author) -> None:
    parts = {
        "source": me.client.upload(me.file("s.zip", zip_of_line())),
        "config": me.client.upload(me.file("c.json", json.dumps(CONFIG).encode())),
        "artifact": me.client.upload(me.file("model.pkl", pickle.dumps(MODEL))),
    }
    with me.server.client(me.token) as client:
        answers = [
            client.post(me.versions, json={"parts": parts}, headers={"Idempotency-Key": "one"}) for _ in range(2)
        ]
        assert [a.status_code for a in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert len(client.get(me.versions).json()["items"]) == 1


def test_pushes_at_once_get_numbers_of_their_own(me: Author) -> None:
    def push(i: int) -> dict[str, Any]:
        return me.push({"line.py": f"{SOURCE}\nNUMBER = {i}\n"})

    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(push, range(3)))
    assert {v["number"] for v in versions} == {1, 2, 3}
    assert len({v["commit_id"] for v in versions}) == 3


def test_what_is_not_mine_or_not_finished_cannot_be_pushed(me: Author, tmp_path: Path) -> None:
    other = author(me.server, tmp_path, name="other")
    theirs = other.client.upload(me.file("s.zip", zip_of_line()))
    with me.server.client(me.token) as client:
        started = client.post("/api/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10"})
        unfinished = started.headers["location"].rpartition("/")[2]
        assert client.post(me.versions, json={"archive": theirs}).json()["code"] == "upload_missing"
        assert client.post(me.versions, json={"archive": unfinished}).json()["code"] == "upload_incomplete"
        assert client.post(me.versions, json={}).status_code == 422
        assert client.post(me.versions, json={"archive": theirs, "parts": {}}).status_code == 422
        assert client.post(me.versions, json={"archive": "x"}).status_code == 422
        odd = {"archive": theirs, "platforms": ["windows/amd64"]}
        assert client.post(me.versions, json=odd).json()["field"].startswith("platforms")
        assert other.server.client(other.token).post(me.versions, json={"archive": theirs}).status_code == 404


def test_models_and_operations_keep_to_their_repositories(me: Author) -> None:
    me.client.create_repository(f"{me.username}/step", kind="operation")
    model = me.client.upload(me.file("s.zip", zipped({"line.py": SOURCE, "modelyard.yaml": "predict: 'line:predict'"})))
    step = {"modelyard.yaml": "run: 'step:run'", "step.py": "def run(output): ..."}
    operation = me.client.upload(me.file("s.zip", zipped(step)))
    with me.server.client(me.token) as client:
        answer = client.post(f"/api/v1/repos/{me.username}/step/versions", json={"archive": model})
        assert answer.json()["code"] == "not_an_operation"
        assert client.post(me.versions, json={"archive": operation}).json()["code"] == "not_a_model"


def test_a_git_folder_in_the_source_does_no_harm(me: Author) -> None:
    me.push({"line.py": SOURCE, ".git/config": "[core]\n", ".git/HEAD": "ref: refs/heads/x\n"})
    with me.server.client(me.token) as client:
        files = client.get(f"/api/v1/repos/{me.address}/files").json()
        assert ".git" not in [f["name"] for f in files]


def test_strangers_and_readers_push_nothing(me: Author) -> None:
    archive = me.client.upload(me.file("s.zip", zip_of_line()))
    with me.server.client(me.token) as client:
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
    with me.server.client("") as nobody, me.server.client(me.server.account()[2]) as stranger:
        assert nobody.post(me.versions, json={"archive": archive}).status_code == 401
        assert stranger.post(me.versions, json={"archive": archive}).status_code == 403


@pytest.mark.parametrize("query", [{"cursor": "WzFlOTldCg"}, {"cursor": "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ"}])
def test_a_cursor_of_another_list_is_refused(me: Author, query: dict[str, str]) -> None:
    with me.server.client(me.token) as client:
        assert client.get(me.versions, params=query).status_code == 422


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", str(2**31), "9" * 30])
def test_a_version_that_is_none_is_missing(me: Author, number: str) -> None:
    with me.server.client(me.token) as client:
        for rest in ("", "/events", "/lock", "/log"):
            answer: httpx.Response = client.get(f"{me.versions}/{number}{rest}")
            assert answer.status_code in (404, 422), rest


def zip_of_line() -> bytes:
    return zipped({"line.py": SOURCE})
