"""Pushing over HTTP with the real git."""

import gzip
import os
import pickle
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Scope
from rooms.repos.wire import clone, git, git_environment, head, url, write_commit
from rooms.versions.tiny import MODEL, SOURCE, Author, author
from support.programs import need
from support.server import Server

MANIFEST = 'predict: "line:predict"\nartifact: model.pkl\n'
PROJECT: dict[str, str | bytes] = {"line.py": SOURCE, "modelyard.yaml": MANIFEST, "model.pkl": pickle.dumps(MODEL)}
ZEROS = "0" * 40


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


@pytest.fixture
def work(me: Author, tmp_path: Path) -> Path:
    """A clone whose first commit was pushed."""
    folder = clone(me, tmp_path)
    write_commit(folder, {"a.txt": "one\n"}, "first")
    pushed = git("push", "-q", "origin", "HEAD:main", cwd=folder)
    assert pushed.returncode == 0, pushed.stderr
    return folder


def refs(me: Author, folder: Path) -> dict[str, str]:
    """What the server has: ref → object id."""
    listed = git("ls-remote", url(me, user="x", password=me.token), cwd=folder).stdout.splitlines()
    return {ref: id for id, ref in (line.split("\t") for line in listed) if ref != "HEAD"}


def test_what_is_pushed_is_what_another_clone_has(me: Author, work: Path, tmp_path: Path) -> None:
    write_commit(work, {"a.txt": "two\n", "data/b.bin": bytes(range(256)) * 1000})
    assert git("push", "origin", "HEAD:main", "HEAD:refs/heads/feature/x", cwd=work).returncode == 0
    other = clone(me, tmp_path, "other", "--branch", "feature/x")
    assert head(other) == head(work)
    assert (other / "data/b.bin").read_bytes() == bytes(range(256)) * 1000
    assert git("fsck", "--strict", cwd=other).returncode == 0
    with me.server.client(me.token) as client:
        files = client.get(f"/api/v1/repos/{me.address}/files", params={"revision": "feature/x"}).json()
    assert [f["name"] for f in files] == ["data", "a.txt"]


def test_the_audit_log_tells_of_pushes_to_main(me: Author, work: Path) -> None:
    first = head(work)
    git("push", "-q", "origin", "HEAD:refs/heads/topic", cwd=work)
    change = {"branch": "main", "base": first, "message": "by hand", "changes": [{"path": "b.txt", "content": "b"}]}
    with me.server.client(me.token) as client:
        made = client.post(f"/api/v1/repos/{me.address}/commits", json=change).raise_for_status().json()["id"]
        asked = {"repository": me.address, "action": "repository.pushed"}
        told = client.get("/api/v1/audit", params=asked).json()["items"]
    assert [event["details"] for event in told] == [{"before": first, "after": made}, {"before": ZEROS, "after": first}]


def test_a_branch_is_moved_by_force_and_deleted(me: Author, work: Path) -> None:
    git("push", "-q", "origin", "HEAD:refs/heads/topic", cwd=work)
    git("commit", "-q", "--amend", "-m", "other", cwd=work)
    gently = git("push", "origin", "HEAD:topic", cwd=work)
    assert "non-fast-forward" in gently.stderr
    forced = git("push", "--force", "origin", "HEAD:topic", cwd=work)
    assert forced.returncode == 0, forced.stderr
    assert refs(me, work)["refs/heads/topic"] == head(work)
    assert git("push", "origin", ":topic", cwd=work).returncode == 0
    assert set(refs(me, work)) == {"refs/heads/main"}


def test_main_only_moves_forward_and_stays(me: Author, work: Path) -> None:
    before = refs(me, work)
    git("commit", "-q", "--amend", "-m", "other", cwd=work)
    forced = git("push", "--force", "origin", "HEAD:main", cwd=work)
    assert "remote rejected" in forced.stderr
    assert "(main is protected: it only moves forward; fetch and merge first)" in forced.stderr
    deleted = git("push", "origin", ":main", cwd=work)
    assert "(main is protected: it cannot be deleted)" in deleted.stderr
    assert refs(me, work) == before


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("refs/tags/v7", "tags like v1 are the platform's"),
        ("refs/tags/main", "this name cannot be used"),
        ("refs/notes/commits", "only branches and tags can be pushed"),
        ("refs/pull/1/head", "only branches and tags can be pushed"),
        (f"refs/heads/{'x' * 200}", "this name cannot be used"),
    ],
)
def test_a_ref_that_may_not_be_is_refused_with_words_and_the_others_go(
    me: Author, work: Path, ref: str, words: str
) -> None:
    done = git("push", "origin", f"HEAD:{ref}", "HEAD:refs/heads/good", cwd=work)
    assert done.returncode != 0
    assert f"({words}" in done.stderr
    assert set(refs(me, work)) == {"refs/heads/main", "refs/heads/good"}


def test_an_atomic_push_goes_whole_or_not_at_all(me: Author, work: Path) -> None:
    done = git("push", "--atomic", "origin", "HEAD:refs/tags/v7", "HEAD:refs/heads/good", cwd=work)
    assert "another ref of this atomic push was refused" in done.stderr
    assert set(refs(me, work)) == {"refs/heads/main"}
    assert git("push", "--atomic", "origin", "HEAD:refs/heads/x", "HEAD:refs/heads/y", cwd=work).returncode == 0
    assert set(refs(me, work)) == {"refs/heads/main", "refs/heads/x", "refs/heads/y"}


def test_the_platforms_tags_stay_where_they_are(me: Author, tmp_path: Path) -> None:
    me.ready(me.push())
    work = clone(me, tmp_path)
    write_commit(work, {"a.txt": "x"})
    for spec in ("+HEAD:refs/tags/v1", ":refs/tags/v1"):
        assert "tags like v1 are the platform's" in git("push", "origin", spec, cwd=work).stderr
    assert refs(me, work)["refs/tags/v1"] == refs(me, work)["refs/heads/main"]


def test_a_tag_makes_the_next_version_of_its_commit(me: Author, tmp_path: Path) -> None:
    work = clone(me, tmp_path)
    commit = write_commit(work, PROJECT, "A line\n\nthrough the origin")
    git("tag", "-a", "-m", "said", "release-1", cwd=work)
    pushed = git("push", "origin", "HEAD:main", "release-1", cwd=work)
    assert pushed.returncode == 0, pushed.stderr
    assert f"v1 is being made of release-1: {me.server.environment.get('MODELYARD_PUBLIC_URL', '')}" in pushed.stderr
    version = me.ready({"number": 1})
    assert (version["commit_id"], version["message"]) == (commit, "A line\n\nthrough the origin")
    assert refs(me, work)["refs/tags/v1"] == commit
    git("tag", "again", cwd=work)
    again = git("push", "origin", "again", cwd=work)
    assert "v1 is of the same commit as again" in again.stderr
    with me.server.client(me.token) as client:
        assert [v["number"] for v in client.get(me.versions).json()["items"]] == [1]


def test_a_tag_of_what_is_no_model_is_kept_and_says_why_no_version_is_made(me: Author, work: Path) -> None:
    git("tag", "notes", cwd=work)
    pushed = git("push", "origin", "notes", cwd=work)
    assert pushed.returncode == 0
    assert "No version is made of notes: There is no modelyard.yaml" in pushed.stderr
    assert "refs/tags/notes" in refs(me, work)


def test_a_tag_of_a_dataset_makes_a_version(me: Author, tmp_path: Path) -> None:
    mine = Author(**me.__dict__ | {"name": "rows"})
    me.client.create_repository(mine.address, kind="dataset")
    work = clone(mine, tmp_path)
    commit = write_commit(work, {"README.md": "# Rows\n", "rows.csv": "a,b\n1,2\n"})
    pushed = git("push", "origin", "HEAD:main", "HEAD:refs/tags/first", cwd=work)
    assert "v1 is being made of first" in pushed.stderr
    assert mine.ready({"number": 1})["commit_id"] == commit


def test_a_tag_that_names_no_commit_is_refused(me: Author, work: Path) -> None:
    tree = git("rev-parse", "HEAD^{tree}", cwd=work).stdout.strip()
    assert "(no commit is tagged)" in git("push", "origin", f"{tree}:refs/tags/tree", cwd=work).stderr


def test_who_may_push(me: Author, work: Path) -> None:
    address = url(me)
    without = git("push", address, "HEAD:refs/heads/x", cwd=work)
    assert "could not read Username" in without.stderr
    wrong = git("push", url(me, user="x", password="my_token_wrong"), "HEAD:refs/heads/x", cwd=work)
    assert "Authentication failed" in wrong.stderr
    stranger = me.server.account()[2]
    unseen = git("push", url(me, user="x", password=stranger), "HEAD:refs/heads/x", cwd=work)
    assert "not found" in unseen.stderr
    with me.server.client(me.token) as client:
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
    seen = git("push", url(me, user="x", password=stranger), "HEAD:refs/heads/x", cwd=work)
    assert "Ask its owner or an administrator." in seen.stderr
    assert "could not read Username" in git("push", address, "HEAD:refs/heads/x", cwd=work).stderr
    refused = git("push", url(me, user="x", password=reading_token(me)), "HEAD:refs/heads/x", cwd=work)
    assert "The token lacks the scope 'write'." in refused.stderr
    posted = httpx.post(f"{address}/git-receive-pack", auth=("x", stranger), content=b"0000")
    assert posted.status_code == 403
    assert set(refs(me, work)) == {"refs/heads/main"}


def test_two_pushers_to_one_branch_are_told_apart(me: Author, work: Path, tmp_path: Path) -> None:
    folders = [clone(me, tmp_path, f"p{number}") for number in range(2)]
    ids = [write_commit(folder, {f"{number}.txt": "x"}) for number, folder in enumerate(folders)]
    running = [
        subprocess.Popen(
            [need("git", package="git"), "push", "origin", "HEAD:main"],
            cwd=folder,
            env=git_environment(folder),
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    told = [process.communicate()[1] for process in running]
    winners = [id for id, process in zip(ids, running, strict=True) if process.returncode == 0]
    assert [refs(me, work)["refs/heads/main"]] == winners
    assert sum("rejected" in words for words in told) == 1


def test_a_push_beside_one_by_the_api_wins_or_is_told(me: Author, tmp_path: Path) -> None:
    me.push()
    work = clone(me, tmp_path)
    mine = write_commit(work, {"a.txt": "x"})
    me.push({"line.py": SOURCE + "# later\n"})
    pushed = git("push", "origin", "HEAD:main", cwd=work)
    assert "rejected" in pushed.stderr
    assert git("pull", "-q", "--no-rebase", "--no-edit", cwd=work).returncode == 0
    assert git("push", "origin", "HEAD:main", cwd=work).returncode == 0
    assert git("merge-base", "--is-ancestor", mine, refs(me, work)["refs/heads/main"], cwd=work).returncode == 0


@pytest.mark.parametrize("name", [".git", "..", "a"])
def test_broken_objects_are_refused(me: Author, work: Path, name: str) -> None:
    """A tree with ``.git`` or ``..`` in it, and one whose mode is padded with a zero."""
    blob = git("rev-parse", "HEAD:a.txt", cwd=work).stdout.strip()
    mode = b"0100644" if name == "a" else b"100644"
    entry = mode + b" " + name.encode() + b"\0" + bytes.fromhex(blob)
    (work / "tree").write_bytes(entry)
    tree = git("hash-object", "-t", "tree", "-w", "--literally", "tree", cwd=work).stdout.strip()
    commit = git("commit-tree", tree, "-p", "HEAD", "-m", "evil", cwd=work).stdout.strip()
    pushed = git("push", "origin", f"{commit}:refs/heads/evil", cwd=work)
    assert pushed.returncode != 0
    assert "fsck error" in pushed.stderr
    assert set(refs(me, work)) == {"refs/heads/main"}


def test_a_shallow_clone_is_deepened_and_pushed_from(me: Author, work: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_commit(work, {"a.txt": f"{number}\n"})
    git("push", "-q", "origin", "HEAD:main", cwd=work)
    shallow = clone(me, tmp_path, "shallow", "--depth", "1")
    assert git("rev-list", "--count", "HEAD", cwd=shallow).stdout.strip() == "1"
    write_commit(shallow, {"b.txt": "from shallow\n"})
    assert git("push", "origin", "HEAD:main", cwd=shallow).returncode == 0
    assert git("fetch", "-q", "--unshallow", cwd=shallow).returncode == 0
    assert git("rev-list", "--count", "HEAD", cwd=shallow).stdout.strip() == "5"


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_a_partial_clone_fetches_what_it_needs_later(me: Author, work: Path, tmp_path: Path, protocol: str) -> None:
    write_commit(work, {"a.txt": "two\n"})
    git("push", "-q", "origin", "HEAD:main", cwd=work)
    options = ("--filter=blob:none", "--no-checkout", "-c", f"protocol.version={protocol}")
    partial = clone(me, tmp_path, "partial", *options)
    missing = git("rev-list", "--objects", "--all", "--missing=print", cwd=partial).stdout
    assert missing.count("?") == 2
    shown = git("show", "HEAD~1:a.txt", cwd=partial)
    assert shown.stdout == "one\n", shown.stderr
    write_commit(partial, {"c.txt": "x"})
    pushed = git("push", "origin", "HEAD:refs/heads/partial", cwd=partial)
    assert pushed.returncode == 0, pushed.stderr


def test_a_push_in_chunks_and_one_that_is_compressed_are_understood(me: Author, work: Path) -> None:
    write_commit(work, {"big.bin": os.urandom(8_000_000)})
    chunked = git("-c", "http.postBuffer=70000", "push", "origin", "HEAD:main", cwd=work)
    assert chunked.returncode == 0, chunked.stderr
    commit = head(work)
    line = f"{ZEROS} {commit} refs/heads/zipped\0report-status".encode()
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "-q"], cwd=work, input=b"", capture_output=True, check=True
    )
    body = b"%04x%s0000" % (len(line) + 4, line) + pack.stdout
    answer = httpx.post(
        f"{url(me)}/git-receive-pack",
        auth=("x", me.token),
        content=gzip.compress(body),
        headers={"Content-Encoding": "gzip", "Content-Type": "application/x-git-receive-pack-request"},
    )
    assert "ok refs/heads/zipped" in answer.text
    assert refs(me, work)["refs/heads/zipped"] == commit


def test_pushing_to_what_was_deleted_says_that_it_is_not_there(me: Author, work: Path) -> None:
    me.client.transport.send("DELETE", f"/api/v1/repos/{me.address}")
    assert "not found" in git("push", "origin", "HEAD:refs/heads/x", cwd=work).stderr


def test_a_repository_without_main_says_how_to_make_it(me: Author, tmp_path: Path) -> None:
    work = clone(me, tmp_path)
    write_commit(work, {"a.txt": "x"})
    pushed = git("push", "origin", "HEAD:refs/heads/master", cwd=work)
    assert "git push origin HEAD:main" in pushed.stderr


def test_no_hook_of_a_repository_runs(me: Author, work: Path) -> None:
    (repository,) = [p for p in me.server.folder.glob("d/git/*/*.git") if main_of(p, work) == head(work)]
    proof = repository / "ran"
    (repository / "hooks").mkdir()
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive"):
        hook = repository / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
        hook.chmod(0o755)
    write_commit(work, {"a.txt": "later"})
    assert git("push", "origin", "HEAD:main", cwd=work).returncode == 0
    assert not proof.exists()
    shutil.rmtree(repository / "hooks")


def reading_token(me: Author) -> str:
    """A token of the owner's that may only read."""
    database = Database(me.server.database_url)
    try:
        with database.write() as session:
            account_id = accounts.find_account_id(session, me.username)
            assert account_id is not None
            made = accounts.create_token(session, account_id=account_id, name="r", scopes=[Scope.READ], lifetime=None)
            return made.secret
    finally:
        database.close()


def main_of(repository: Path, cwd: Path) -> str:
    return git("--git-dir", str(repository), "rev-parse", "-q", "--verify", "main", cwd=cwd).stdout.strip()
