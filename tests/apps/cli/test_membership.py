"""Members and organisations with the command line alone."""

import json
from pathlib import Path

from apps.cli.shell import Shell
from support.server import Server


def test_an_organisation_with_a_member_who_creates_there(site: Server, tmp_path: Path) -> None:
    (owner, _, token), (other, _, theirs) = site.account(), site.account()
    mine, yours = (
        Shell(tmp_path, {"MODELYARD_URL": site.url, "MODELYARD_TOKEN": secret}) for secret in (token, theirs)
    )
    name = f"o{owner}"
    mine.ok("orgs", "create", name)
    assert name in mine.ok("orgs", "list")
    mine.ok("members", "invite", name, other, "--role", "reader")
    invitation = yours.ok("members", "invitations").split("\t")[0]
    yours.ok("members", "accept", invitation)
    mine.ok("members", "change", name, other, "--role", "maintainer")
    with site.client(theirs) as client:
        assert client.post("/api/v1/repos", json={"owner": name, "name": "model"}).status_code == 201
    listed = json.loads(mine.ok("members", "list", name, "--json"))
    assert [(one["username"], one["role"]) for one in listed] == [(owner, "owner"), (other, "maintainer")]
    assert "has repositories" in mine.fails(1, "orgs", "delete", name)
    mine.ok("members", "transfer", f"{name}/model", owner)
    yours.ok("members", "remove", name, other)
    mine.ok("orgs", "delete", name)
    assert mine.ok("orgs", "list") == ""
