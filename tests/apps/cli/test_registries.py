"""Images of other registries and the sign-ins to them, with the command line alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.cli.shell import Shell
from support import databases, images, server, session, token_registry
from support.images import layer
from support.token_registry import TokenRegistry

MADE = images.image(layer({"a": "1"}), Labels={"org.opencontainers.image.title": "Brought"})


@pytest.fixture(scope="module")
def near() -> server.Server:
    """A server that may call registries on this machine."""
    folder = session.new_folder("near-cli")
    return server.start(folder, databases.create("sqlite", folder), import_registries='["127.0.0.1"]')


@pytest.fixture
def shell(near: server.Server, tmp_path: Path) -> Shell:
    _, _, token = near.account()
    return Shell(tmp_path, {"MODELYARD_URL": near.url, "MODELYARD_TOKEN": token})


@pytest.fixture
def guarded() -> Iterator[TokenRegistry]:
    with token_registry.guarded(MADE) as running:
        yield running


def test_an_image_is_imported_with_a_sign_in_that_was_added(shell: Shell, guarded: TokenRegistry) -> None:
    reference = f"{guarded.address}/team/base:one"
    line = shell.fails(1, "import", reference, "brought")
    assert "only to those who sign in" in line
    assert "save your sign-in" in line

    added = shell.run("registries", "add", guarded.address, "--username", "ada", stdin="secret\n")
    assert (added.returncode, "secret" in added.stdout + added.stderr) == (0, False)
    done = shell.run("import", reference, "brought")
    assert done.returncode == 0, done.stderr
    assert "is ready" in done.stderr
    assert done.stdout.strip().endswith("/brought/versions/1")
    assert MADE.digest in shell.ok("show", "brought:v1")

    assert "already" in shell.fails(1, "import", reference, "brought")


def test_an_import_need_not_be_waited_for(shell: Shell, guarded: TokenRegistry) -> None:
    shell.ok("registries", "add", guarded.address, "--username", "ada", stdin="secret")
    version = shell.json("import", f"{guarded.address}/team/base:one", "later", "--no-wait", "--visibility", "public")
    assert (version["number"], version["state"]) in [(1, "queued"), (1, "building")]
    assert shell.json("show", "later")["repository"]["visibility"] == "public"


def test_sign_ins_are_added_listed_and_deleted(shell: Shell) -> None:
    assert shell.json("registries", "list") == []
    shell.ok("registries", "add", "docker.io", "--username", "ada", stdin="one")
    kept = shell.json("registries", "add", "docker.io", "--username", "bob", stdin="two")
    assert shell.json("registries", "list") == [kept]
    assert shell.ok("registries", "list").split("\t")[:2] == ["docker.io", "bob"]
    shell.ok("registries", "delete", "docker.io")
    assert shell.ok("registries", "list") == ""
    assert "registries list" in shell.fails(4, "registries", "delete", "docker.io")


def test_a_secret_is_asked_for_and_never_an_argument(shell: Shell) -> None:
    assert "standard input" in shell.fails(2, "registries", "add", "quay.example", "--username", "ada")
    assert "--username" in shell.fails(2, "registries", "add", "quay.example", stdin="")
    assert "no such option" in shell.fails(2, "registries", "add", "quay.example", "--secret", "s").lower()
    assert "not the address" in shell.fails(1, "registries", "add", "a b", "--username", "ada", stdin="s")


def test_what_is_no_image_is_refused(shell: Shell) -> None:
    assert "not the name of an image" in shell.fails(1, "import", "Not A Name", "brought")
