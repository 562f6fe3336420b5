"""Signing in, and the exit codes of what goes wrong before anything else."""

import json
import stat

from apps.cli.shell import Shell
from support import ports, server


def credentials(shell: Shell) -> dict[str, object]:
    return json.loads((shell.home / ".config/modelyard/credentials.json").read_text())


def test_login_keeps_a_token_for_its_owner_only(stranger: Shell) -> None:
    running = server.shared()
    username, password, _ = running.account()
    said = stranger.json("login", running.url + "/", "--username", username, stdin=password + "\n")
    assert said == {"url": running.url, "username": username, "role": "creator"}
    file = stranger.home / ".config/modelyard/credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in file.read_text()
    assert [r for r in stranger.json("list") if r["can_write"]] == []

    (token,) = (entry["token"] for entry in credentials(stranger)["servers"].values())
    with running.client(token) as client:
        assert client.get("/api/v1/session").json()["account"]["username"] == username
        assert client.get("/api/v1/accounts").status_code == 403

    stranger.ok("logout")
    stranger.fails(3, "list")
    assert credentials(stranger) == {"servers": {}}


def test_login_with_a_token(stranger: Shell) -> None:
    running = server.shared()
    username, _, token = running.account()
    assert stranger.json("login", running.url, "--with-token", stdin=token)["username"] == username
    assert "not valid" in stranger.fails(3, "login", running.url, "--with-token", stdin="my_token_wrong")
    assert credentials(stranger)["servers"][running.url]["token"] == token, "a failed sign-in forgets nothing"


def test_environment_wins_over_the_file(creator: Shell) -> None:
    creator.ok("login", "--with-token", stdin=creator.variables["MODELYARD_TOKEN"])
    creator.fails(5, "list", MODELYARD_URL=f"http://127.0.0.1:{ports.free_port()}")
    creator.fails(3, "push", "--name", "x", "--source", __file__, "--config", __file__, MODELYARD_TOKEN="my_token_x")


def test_wrong_password(stranger: Shell) -> None:
    running = server.shared()
    username, _, _ = running.account()
    line = stranger.fails(3, "login", running.url, "--username", username, stdin="wrong\n")
    assert "user name or the password is wrong" in line


def test_nobody_to_ask(stranger: Shell) -> None:
    assert "--username" in stranger.fails(2, "login", server.shared().url)


def test_addresses_that_are_none(stranger: Shell) -> None:
    stranger.fails(2, "login", "example.org")
    stranger.fails(2, "--server", server.shared().url, "show", "a/b/c")
    stranger.fails(2, "shw")
    stranger.fails(2, "list", "--limit", "many")
    stranger.fails(3, "list")


def test_what_is_not_there_and_what_is_not_allowed(creator: Shell) -> None:
    assert "There is no" in creator.fails(4, "show", "nobody/nothing")
    assert "Run `modelyard login`" in creator.fails(3, "show", "mine", MODELYARD_TOKEN="my_token_x")


def test_version_and_help_need_nothing(stranger: Shell) -> None:
    assert stranger.ok("--version").strip()
    assert "pull-image" in stranger.ok("--help")
    assert "--data-dir" in stranger.ok("up", "--help")
