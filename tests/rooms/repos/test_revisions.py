"""Branches, tags and commits through the API, and text files changed there."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.repos.wire import clone, git, head, write_commit
from rooms.versions.tiny import Author, author
from support.server import Server

ZEROS = "0" * 40


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path, visibility="public")


@pytest.fixture
def work(me: Author, tmp_path: Path) -> Path:
    folder = clone(me, tmp_path)
    write_commit(folder, {"a.txt": "one\n", "b/c.txt": "c\n"}, "first")
    write_commit(folder, {"a.txt": "two\n"}, "second")
    assert git("push", "-q", "origin", "HEAD:main", cwd=folder).returncode == 0
    return folder


def api(me: Author, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
    with me.server.client(me.token if token is None else token) as client:
        return client.request(method, f"/api/v1/repos/{me.address}/{path}", **options)


def edit(
    me: Author, *, base: str, branch: str = "main", token: str | None = None, **texts: str | None
) -> httpx.Response:
    changes = [{"path": path.replace("__", "/").replace("_", "."), "content": text} for path, text in texts.items()]
    wanted = {"branch": branch, "base": base, "message": "by hand", "changes": changes}
    return api(me, "POST", "commits", token, json=wanted)


def text(me: Author, path: str, revision: str = "main") -> str:
    return api(me, "GET", "raw", params={"path": path, "revision": revision}).text


def test_branches_are_made_listed_and_deleted(me: Author, work: Path) -> None:
    made = api(me, "POST", "branches", json={"name": "topic/one", "revision": "main"})
    assert (made.status_code, made.json()["commit"]["id"]) == (201, head(work))
    listed = api(me, "GET", "branches").json()
    assert [(b["name"], b["protected"]) for b in listed] == [("main", True), ("topic/one", False)]
    assert git("fetch", "-q", cwd=work).returncode == 0
    assert git("rev-parse", "origin/topic/one", cwd=work).stdout.strip() == head(work)
    assert api(me, "POST", "branches", json={"name": "topic/one"}).json()["code"] == "branch_exists"
    assert api(me, "POST", "branches", json={"name": "topic"}).json()["code"] == "branch_exists"
    assert api(me, "POST", "branches", json={"name": "x", "revision": "no"}).json()["code"] == "revision_missing"
    assert api(me, "DELETE", "branches/topic/one").status_code == 204
    assert api(me, "DELETE", "branches/topic/one").json()["code"] == "branch_missing"
    assert api(me, "DELETE", "branches/main").json()["code"] == "branch_protected"


@pytest.mark.parametrize("name", ["a..b", "a.lock", "HEAD", "-x", "a//b", "@{1}", "a~1"])
def test_a_name_that_git_does_not_take_is_refused(me: Author, work: Path, name: str) -> None:
    answer = api(me, "POST", "branches", json={"name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "branch_name_invalid")
    assert len(api(me, "GET", "branches").json()) == 1


def test_tags_are_listed(me: Author, work: Path) -> None:
    git("tag", "-a", "-m", "x", "notes", "HEAD~1", cwd=work)
    git("push", "-q", "origin", "notes", cwd=work)
    first = git("rev-parse", "HEAD~1", cwd=work).stdout.strip()
    assert api(me, "GET", "tags").json() == [{"name": "notes", "commit": first}]


def test_history_is_read_page_by_page(me: Author, work: Path) -> None:
    pages = [api(me, "GET", "commits", params={"limit": 1, "skip": skip}).json() for skip in range(3)]
    assert [[c["message"].strip() for c in page] for page in pages] == [["second"], ["first"], []]
    assert pages[0][0]["parents"] == [pages[1][0]["id"]]


def test_history_beyond_another_revision_is_what_that_one_lacks(me: Author, work: Path) -> None:
    first = git("rev-parse", "HEAD~1", cwd=work).stdout.strip()
    assert api(me, "POST", "branches", json={"name": "topic", "revision": first}).status_code == 201
    assert edit(me, base=first, branch="topic", a_txt="topic\n").status_code == 201

    def messages(**asked: str) -> list[str]:
        return [c["message"].strip() for c in api(me, "GET", "commits", params=asked).json()]

    assert messages(revision="topic", beyond="main") == ["by hand"]
    assert messages(revision="main", beyond="topic") == ["second"]
    assert messages(revision="main", beyond="main") == []
    assert api(me, "GET", "commits", params={"beyond": "none"}).json()["code"] == "revision_missing"


def test_a_commit_shows_what_it_changed(me: Author, work: Path) -> None:
    shown = api(me, "GET", f"commits/{head(work)}").json()
    assert [(f["path"], f["status"]) for f in shown["changes"]["files"]] == [("a.txt", "changed")]
    first = api(me, "GET", f"commits/{shown['commit']['parents'][0]}").json()
    assert [(f["path"], f["status"]) for f in first["changes"]["files"]] == [("a.txt", "added"), ("b/c.txt", "added")]
    assert first["changes"]["base"] == ZEROS
    assert api(me, "GET", "commits/none").json()["code"] == "revision_missing"


def test_a_text_is_edited_on_a_branch(me: Author, work: Path) -> None:
    made = edit(me, base=head(work), a_txt="three\n", d__new_txt="new\n", b__c_txt=None)
    assert made.status_code == 201, made.text
    assert made.json()["author"] == me.username
    assert git("pull", "-q", "origin", "main", cwd=work).returncode == 0
    assert ((work / "a.txt").read_text(), (work / "d/new.txt").read_text()) == ("three\n", "new\n")
    assert not (work / "b").exists()
    assert git("fsck", "--strict", cwd=work).returncode == 0


def test_an_edit_of_what_has_moved_is_told_so_and_loses_nothing(me: Author, work: Path) -> None:
    base = head(work)
    assert edit(me, base=base, a_txt="mine\n").status_code == 201
    late = edit(me, base=base, a_txt="late\n")
    assert (late.status_code, late.json()["code"]) == (409, "branch_moved")
    assert text(me, "a.txt") == "mine\n"
    write_commit(work, {"x": "y"})
    assert "rejected" in git("push", "origin", "HEAD:main", cwd=work).stderr


def test_the_first_commit_can_be_an_edit(me: Author) -> None:
    assert edit(me, base=ZEROS, README_md="# Here\n").status_code == 201
    assert text(me, "README.md") == "# Here\n"
    assert edit(me, base=ZEROS, branch="none", a_txt="x").status_code == 201


def test_an_executable_stays_one(me: Author, work: Path) -> None:
    (work / "a.txt").chmod(0o755)
    write_commit(work, {})
    git("push", "-q", "origin", "HEAD:main", cwd=work)
    edit(me, base=head(work), a_txt="echo\n")
    git("pull", "-q", "origin", "main", cwd=work)
    assert (work / "a.txt").stat().st_mode & 0o100


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"a.txt/x": "y"}, "path_taken"),
        ({"b": "y"}, "path_taken"),
        ({"gone": None}, "file_missing"),
        ({"/etc": "x"}, "path_unsafe"),
        ({".git/config": "x"}, "path_taken"),
    ],
)
def test_a_path_that_cannot_be_is_refused(me: Author, work: Path, texts: dict[str, str | None], code: str) -> None:
    changes = [{"path": path, "content": text} for path, text in texts.items()]
    wanted = {"base": head(work), "message": "by hand", "changes": changes}
    answer = api(me, "POST", "commits", json=wanted)
    assert (answer.status_code // 100, answer.json()["code"]) == (4, code), answer.text
    assert api(me, "GET", "commits", params={"limit": 1}).json()[0]["id"] == head(work)


def test_only_who_may_write_changes_anything(me: Author, work: Path) -> None:
    stranger = me.server.account()[2]
    for token, status in ((stranger, 403), ("", 401)):
        assert edit(me, base=head(work), token=token, a_txt="x").status_code == status
        assert api(me, "POST", "branches", token, json={"name": "x"}).status_code == status
        assert api(me, "DELETE", "branches/main", token).status_code == status
        assert api(me, "GET", "branches", token).status_code == 200


def test_a_submodule_is_listed_as_a_file_without_content(me: Author, work: Path) -> None:
    git("update-index", "--add", "--cacheinfo", f"160000,{head(work)},vendored", cwd=work)
    git("commit", "-q", "-m", "vendored", cwd=work)
    assert git("push", "-q", "origin", "HEAD:main", cwd=work).returncode == 0
    listed = api(me, "GET", "files").json()
    assert {f["path"]: f["size"] for f in listed if f["path"] == "vendored"} == {"vendored": 0}
    assert api(me, "GET", "raw", params={"path": "vendored"}).status_code == 404


def test_a_fork_has_the_branches_and_shares_no_access(me: Author, work: Path, tmp_path: Path) -> None:
    git("push", "-q", "origin", "HEAD:refs/heads/topic", cwd=work)
    username, password, token = me.server.account()
    with me.server.client(token) as client:
        client.post(f"/api/v1/repos/{me.address}/fork", json={}).raise_for_status()
    theirs = Author(me.server, username, password, token, me.client, tmp_path, me.name)
    fork = clone(theirs, tmp_path, "fork", "--branch", "topic")
    assert head(fork) == head(work)
    secret = write_commit(fork, {"secret.txt": "theirs"})
    assert git("push", "-q", "origin", "HEAD:topic", cwd=fork).returncode == 0
    assert api(me, "GET", f"commits/{secret}").status_code == 404
    assert git("fetch", "origin", secret, cwd=work).returncode != 0
    assert git("push", "origin", f"{head(work)}:refs/heads/x", cwd=fork).returncode == 0
    assert [b["name"] for b in api(me, "GET", "branches").json()] == ["main", "topic"]
