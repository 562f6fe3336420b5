"""Hugging Face's client, unmodified, against models and datasets."""

import json
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from rooms.repos.test_clone import git
from rooms.versions.tiny import SOURCE
from support.clients import HUGGINGFACE, python_with
from support.server import Server
from support.waiting import until

BEGINNING = """
import json, os, sys
from pathlib import Path
from huggingface_hub import HfApi, errors, hf_hub_download, snapshot_download
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
api, user = HfApi(), os.environ["WHO"]
"""


class Person:
    """Somebody with an account, who runs scripts with the client."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.name, _, self.token = server.account()

    def run(self, script: str, *, token: str | None = None) -> Any:
        """What the script prints as JSON in its last line."""
        home = self.folder / "hub"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "HF_HOME": str(home / "cache"),
            "HF_ENDPOINT": self.server.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "WHO": self.name,
        }
        token = self.token if token is None else token
        environment |= {"HF_TOKEN": token} if token else {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
        done = subprocess.run(
            [python_with(HUGGINGFACE, name="hub"), "-c", BEGINNING + textwrap.dedent(script)],
            cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Person:
    return Person(site, tmp_path)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_the_whole_way_of_the_client(me: Person, kind: str) -> None:
    (me.folder / "folder/in").mkdir(parents=True)
    files = {"small.txt": b"small", "in/big.bin": os.urandom(3_000_000), "in/empty": b"", "é [1].txt": b"odd"}
    for name, data in files.items():
        (me.folder / "folder" / name).write_bytes(data)
    found = me.run(f"""
        kind, repo = {kind!r}, f"{{user}}/things-{kind}"
        assert api.whoami()["name"] == user
        url = api.create_repo(repo, repo_type=kind)
        assert (url.repo_id, url.repo_type) == (repo, kind), url
        assert api.create_repo(repo, repo_type=kind, exist_ok=True) == url
        assert api.list_repo_files(repo, repo_type=kind) == []
        first = api.upload_file(path_or_fileobj=b"---\\ntitle: Things\\n---\\n# Things\\n", path_in_repo="README.md",
                                repo_id=repo, repo_type=kind, commit_message="first")
        api.upload_folder(folder_path={str(me.folder / "folder")!r}, repo_id=repo, repo_type=kind)
        listed = api.list_repo_files(repo, repo_type=kind)
        one = hf_hub_download(repo, "in/big.bin", repo_type=kind)
        old = snapshot_download(repo, repo_type=kind, revision=first.oid, local_dir="old")
        whole = snapshot_download(repo, repo_type=kind)
        info = api.repo_info(repo, repo_type=kind, files_metadata=True)
        sizes = {{s.rfilename: (s.size, s.lfs is not None) for s in info.siblings}}
        again = api.upload_folder(folder_path={str(me.folder / "folder")!r}, repo_id=repo, repo_type=kind)
        assert again.oid == info.sha
        paths = [p.path for p in api.get_paths_info(repo, ["in", "small.txt", "none"], repo_type=kind)]
        api.delete_file("small.txt", repo_id=repo, repo_type=kind)
        api.delete_folder("in", repo_id=repo, repo_type=kind)
        assert api.file_exists(repo, "README.md", repo_type=kind)
        assert not api.file_exists(repo, "small.txt", repo_type=kind)
        assert not api.revision_exists(repo, "nowhere", repo_type=kind)
        print(json.dumps({{"listed": listed, "one": one, "whole": whole, "old": sorted(os.listdir(old)), "sizes": sizes,
                          "paths": paths, "private": info.private, "left": api.list_repo_files(repo, repo_type=kind),
                          "titles": [c.title for c in api.list_repo_commits(repo, repo_type=kind)]}}))
    """)
    assert set(found["listed"]) == {*files, "README.md", ".gitattributes"}
    assert Path(found["one"]).read_bytes() == files["in/big.bin"]
    assert {name: (Path(found["whole"]) / name).read_bytes() for name in files} == files
    assert found["old"] == [".cache", "README.md"]
    assert found["sizes"]["in/big.bin"] == [3_000_000, True]
    assert found["sizes"]["in/empty"] == [0, False]
    assert set(found["paths"]) == {"in", "small.txt"}
    assert found["private"] is True
    assert set(found["left"]) == {"README.md", ".gitattributes", "é [1].txt"}
    assert found["titles"][-1] == "first"
    with me.server.client(me.token) as client:
        assert client.get(f"/api/v1/repos/{me.name}/things-{kind}").json()["kind"] == kind


def test_a_clone_has_what_the_client_uploaded(me: Person) -> None:
    data = os.urandom(1_500_000)
    (me.folder / "a b.bin").write_bytes(data)
    me.run(f"""
        api.create_repo("mine")
        api.upload_file(path_or_fileobj={str(me.folder / "a b.bin")!r}, path_in_repo="d/a b.bin",
                        repo_id=f"{{user}}/mine")
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=f"{{user}}/mine")
    """)
    git("lfs", "install", cwd=me.folder)
    url = f"{me.server.url.replace('://', f'://x:{me.token}@')}/{me.name}/mine.git"
    cloned = git("clone", "-q", url, "clone", cwd=me.folder)
    assert cloned.returncode == 0, cloned.stderr
    assert (me.folder / "clone/d/a b.bin").read_bytes() == data
    assert git("status", "--porcelain", cwd=me.folder / "clone").stdout == ""
    assert git("lfs", "fsck", cwd=me.folder / "clone").returncode == 0
    assert git("fsck", "--strict", cwd=me.folder / "clone").returncode == 0


def test_branches_tags_and_commits(me: Person) -> None:
    found = me.run("""
        repo = f"{user}/data"
        api.create_repo(repo, repo_type="dataset")
        def put(text, **more):
            return api.upload_file(path_or_fileobj=text.encode(), path_in_repo="a/b.csv", repo_id=repo,
                                   repo_type="dataset", **more)
        one = put("x\\n1\\n")
        api.create_branch(repo, branch="try/this", repo_type="dataset")
        two = put("x\\n2\\n", revision="try/this")
        api.create_tag(repo, tag="first", repo_type="dataset", revision=one.oid)
        api.create_tag(repo, tag="first", repo_type="dataset", exist_ok=True)
        def read(revision):
            return Path(hf_hub_download(repo, "a/b.csv", repo_type="dataset", revision=revision)).read_text()
        texts = [read(r) for r in (None, "main", "try/this", "first", one.oid, two.oid)]
        refs = api.list_repo_refs(repo, repo_type="dataset")
        refused = {}
        for name, act in {
            "version": lambda: api.create_tag(repo, tag="v7", repo_type="dataset"),
            "dvc": lambda: api.create_tag(repo, tag="dvc/v7", repo_type="dataset"),
            "main": lambda: api.delete_branch(repo, branch="main", repo_type="dataset"),
            "parent": lambda: put("x\\n3\\n", parent_commit=two.oid),
            "pr": lambda: put("x\\n3\\n", create_pr=True),
            "nowhere": lambda: put("x\\n3\\n", revision="nowhere"),
            "gone": lambda: api.delete_file("none.txt", repo_id=repo, repo_type="dataset"),
            "kind": lambda: api.model_info(repo),
            "space": lambda: api.create_repo("sp", repo_type="space", space_sdk="static"),
            "name": lambda: api.create_repo("UPPER"),
        }.items():
            try:
                act()
            except Exception as e:
                refused[name] = type(e).__name__
        api.delete_branch(repo, branch="try/this", repo_type="dataset")
        print(json.dumps({"texts": texts, "branches": sorted(b.name for b in refs.branches),
                          "tags": [t.name for t in refs.tags], "refused": refused,
                          "left": [b.name for b in api.list_repo_refs(repo, repo_type="dataset").branches]}))
    """)
    assert found["texts"] == ["x\n1\n", "x\n1\n", "x\n2\n", "x\n1\n", "x\n1\n", "x\n2\n"]
    assert found["branches"] == ["main", "try/this"]
    assert "first" in found["tags"]
    assert found["left"] == ["main"]
    assert found["refused"] == {
        "version": "HfHubHTTPError",
        "dvc": "HfHubHTTPError",
        "main": "HfHubHTTPError",
        "parent": "HfHubHTTPError",
        "pr": "HfHubHTTPError",
        "nowhere": "RevisionNotFoundError",
        "gone": "RemoteEntryNotFoundError",
        "kind": "RepositoryNotFoundError",
        "space": "HfHubHTTPError",
        "name": "BadRequestError",
    }
    with me.server.client(me.token) as client:
        path = f"/api/v1/repos/{me.name}/data/versions"
        made = until(lambda: client.get(f"{path}/1").json().get("state") == "ready", seconds=60, what="v1")
        assert made
        assert len(client.get(path).json()["items"]) == 1


def test_a_tagged_model_becomes_a_version(me: Person) -> None:
    manifest = 'predict: "line:predict"\n'
    me.run(f"""
        repo = f"{{user}}/line"
        api.create_repo(repo)
        api.create_commit(repo, [CommitOperationAdd("line.py", {SOURCE.replace("model: dict, ", "").replace('model["slope"]', "3.0")!r}.encode()),
                                 CommitOperationAdd("modelyard.yaml", {manifest!r}.encode())], commit_message="line")
        api.create_tag(repo, tag="release")
    """)  # noqa: E501
    with me.server.client(me.token) as client:
        path = f"/api/v1/repos/{me.name}/line/versions/1"

        def ended() -> dict[str, Any] | None:
            version = client.get(path).json()
            return version if version.get("state") in ("ready", "failed") else None

        version = until(ended, seconds=120, what="the build")
        assert version["state"] == "ready", version


def test_what_is_private_is_not_there_for_others(me: Person, tmp_path: Path) -> None:
    me.run("""
        api.create_repo("secret", private=True)
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=f"{user}/secret")
    """)
    (tmp_path / "other").mkdir()
    other = Person(me.server, tmp_path / "other")
    asked = f"""
        found = []
        for act in (lambda: api.model_info("{me.name}/secret"),
                    lambda: hf_hub_download("{me.name}/secret", "x"),
                    lambda: snapshot_download("{me.name}/secret"),
                    lambda: api.list_repo_files("{me.name}/secret"),
                    lambda: api.upload_file(path_or_fileobj=b"y", path_in_repo="x", repo_id="{me.name}/secret"),
                    lambda: api.delete_repo("{me.name}/secret")):
            try:
                act()
                found.append("done")
            except Exception as e:
                found.append(type(e).__name__)
        print(json.dumps(found))
    """
    absent = ["RepositoryNotFoundError"] * 6
    assert other.run(asked) == absent
    assert other.run(asked, token="")[:5] == absent[:5]
    assert me.run('api.update_repo_settings(f"{user}/secret", visibility="public")') is None
    assert other.run(asked)[:4] == ["done"] * 4
    assert other.run(asked)[4:] == ["HfHubHTTPError"] * 2
    assert me.run('api.delete_repo(f"{user}/secret"); print(api.repo_exists(f"{user}/secret") * 1)') == 0


def test_copies_and_many_small_files_in_one_commit(me: Person) -> None:
    (me.folder / "big.bin").write_bytes(os.urandom(1_200_000))
    found = me.run(f"""
        repo = f"{{user}}/many"
        api.create_repo(repo, repo_type="dataset")
        operations = [CommitOperationAdd(f"d/{{n:04}}.txt", os.urandom(5000)) for n in range(1500)]
        api.create_commit(repo, operations, commit_message="many", repo_type="dataset")
        api.upload_file(path_or_fileobj={str(me.folder / "big.bin")!r}, path_in_repo="big.bin", repo_id=repo, repo_type="dataset")
        api.create_commit(repo, [CommitOperationCopy("big.bin", "copy.bin"), CommitOperationCopy("d/0001.txt", "c.txt"),
                                 CommitOperationDelete("d/0002.txt")], commit_message="copies", repo_type="dataset")
        listed = api.list_repo_files(repo, repo_type="dataset")
        same = [Path(hf_hub_download(repo, n, repo_type="dataset")).read_bytes() for n in ("big.bin", "copy.bin")]
        print(json.dumps([len(listed), same[0] == same[1], "d/0002.txt" in listed]))
    """)  # noqa: E501
    assert found == [1500 - 1 + 2 + 1 + 1, True, False]


def file(path: str, content: str = "eA==") -> dict[str, Any]:
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


def lines(*operations: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(operation).encode() + b"\n" for operation in operations)


HEADER = {"key": "header", "value": {"summary": "x", "description": ""}}


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"{", {400}),
        (b"[]\n" * 3, {400}),
        (b"[" * 100_000, {400}),
        (lines(HEADER, file("../x")), {400, 422}),
        (lines(HEADER, file(".git/x")), {400, 422}),
        (lines(HEADER, file("x", "%")), {400}),
        (lines(HEADER, {"key": "lfsFile", "value": {"path": "x", "oid": "0" * 64, "size": 3}}), {400}),
        (lines(HEADER, {"key": "lfsFile", "value": {"path": "x", "oid": "../x", "size": 3}}), {400}),
        (lines(HEADER, {"key": "deletedFile", "value": {"path": ""}}), {400, 404}),
        (lines(HEADER, {"key": "other", "value": {"path": "x"}}), {400}),
        (lines(HEADER, file("a\ud800")), {400}),
        (lines(HEADER, {"key": "deletedFile", "value": {"path": "a\0"}}), {400}),
        (lines(HEADER) * 100_001, {400}),
        (b"x" * (65 * 1024**2), {413}),
    ],
    ids=["cut", "lists", "deep", "out", "git", "base64", "not held", "no oid", "none", "unknown",
         "surrogate", "nul", "many", "enormous"],
)  # fmt: skip
def test_a_commit_that_cannot_be_made_is_told_and_changes_nothing(me: Person, body: bytes, statuses: set[int]) -> None:
    with me.server.client(me.token) as client:
        client.post("/api/repos/create", json={"name": "plain"})
        path = f"/api/models/{me.name}/plain"
        answer = client.post(f"{path}/commit/main", content=body)
        assert answer.status_code in statuses, answer.text[:300]
        assert client.get(f"{path}/tree/main").json() == []


@pytest.mark.parametrize("branch", ["a..b", "a%20b", "x.lock", "%00", "a%0Ab", "v1%5E", "%ff", "-", "@%7B0%7D"])
def test_names_that_git_does_not_take_are_refused(me: Person, branch: str) -> None:
    body = lines({"key": "header", "value": {"summary": "a\0b\ud800"}}, file("a"))
    with me.server.client(me.token) as client:
        client.post("/api/repos/create", json={"name": "plain"})
        path = f"/api/models/{me.name}/plain"
        assert client.post(f"{path}/commit/main", content=body).status_code == 200
        for asked in (f"commit/{branch}", f"branch/{branch}", f"tag/{branch}", f"preupload/{branch}"):
            answer = client.post(f"{path}/{asked}", content=body if asked[0] == "c" else b'{"tag": "..", "files": []}')
            assert answer.status_code in (400, 403, 404), (asked, answer.text)
        for asked in ("tree", "revision", "commits"):
            assert client.get(f"{path}/{asked}/{branch}").status_code == 404
        assert client.get(f"/{me.name}/plain/resolve/{branch}/a").status_code == 404
        assert client.get(f"/{me.name}/plain/resolve/main/{branch}").status_code == 404


def test_a_listing_goes_on_in_pages(me: Person) -> None:
    with me.server.client(me.token) as client:
        client.post("/api/repos/create", json={"name": "long", "type": "dataset"})
        path = f"/api/datasets/{me.name}/long"
        files = [{"key": "file", "value": {"path": f"f/{n:05}", "content": "x"}} for n in range(5500)]
        assert client.post(f"{path}/commit/main", content=lines(HEADER, *files)).status_code == 200
    found = me.run("""
        print(json.dumps(len(api.list_repo_files(f"{user}/long", repo_type="dataset"))))
    """)
    assert found == 5500


def test_files_by_address(me: Person) -> None:
    with me.server.client(me.token) as client:
        client.post("/api/repos/create", json={"name": "plain"})
        body = lines(HEADER, {"key": "file", "value": {"path": "a.html", "content": "<script>", "encoding": "utf-8"}})
        commit = client.post(f"/api/models/{me.name}/plain/commit/main", content=body).json()["commitOid"]
        page = client.get(f"/{me.name}/plain/resolve/main/a.html")
        assert (page.status_code, page.text, page.headers["x-repo-commit"]) == (200, "<script>", commit)
        assert page.headers["content-disposition"].startswith("attachment")
        assert client.get(f"/{me.name}/plain/resolve/main/a.html", headers={"Range": "bytes=1-2"}).text == "sc"
        missing = client.head(f"/{me.name}/plain/resolve/main/none")
        assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")
        assert missing.headers["x-repo-commit"] == commit
        nowhere = client.get(f"/{me.name}/plain/resolve/nowhere/a.html")
        assert (nowhere.status_code, nowhere.headers["x-error-code"]) == (404, "RevisionNotFound")
        assert client.get(f"/datasets/{me.name}/plain/resolve/main/a.html").headers["x-error-code"] == "RepoNotFound"
        warned = client.post("/api/validate-yaml", json={"content": "---\ntitle: 3\n---\n", "repoType": "model"})
        assert (warned.status_code, warned.json()["errors"]) == (200, [])
        listed = client.get("/api/models", params={"author": me.name}).json()
        assert [repository["id"] for repository in listed] == [f"{me.name}/plain"]
