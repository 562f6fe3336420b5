"""Two tenants of one server: Alice, who has one of everything and shows nobody any of it, and Mallory, who has
repositories of the same names."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from faults import adder
from fuzz.making import PICTURE, make_operation
from modelyard_client import Client
from support import leavings, server
from support.server import Server
from support.waiting import until

MARK = "moonstone7"
"""Stands in everything of Alice's that can be read, and in no request of Mallory's."""
NAMES = ("adder", "data", "step")
"""A model, a dataset and an operation of each of the two, with one version that is ready."""


@dataclass
class World:
    server: Server
    alice: httpx.Client
    mallory: httpx.Client
    names: dict[str, str]
    """``alice`` and ``mallory``: their user names."""
    ids: dict[str, str]
    """What is Alice's, by the name that paths and bodies have for it."""

    def state(self) -> dict[str, Any]:
        """Everything of Alice's that a stranger could have changed."""
        owner = self.names["alice"]
        below = ("", "/versions", "/commits", "/members", "/invitations", "/feedback", "/runs")
        paths = [f"repos/{owner}/{name}{more}" for name in NAMES for more in below]
        paths += [f"repos/{owner}/adder/deployment", f"repos/{owner}/adder/deployment/history"]
        paths += ["runs", "experiments", f"experiments/{self.ids['experiment_id']}", "registry-credentials"]
        paths += ["organisations", f"organisations/{self.ids['organisation']}/members", f"repos?owner={owner}"]
        return {path: _settled(self.alice.get(f"/api/v1/{path}")) for path in paths}


def make(folder: Path, database_url: str) -> World:
    """Starts a server of its own: what is asked there is hostile."""
    running = server.start(folder, database_url)
    (alice, _, token), (mallory, _, theirs) = running.account(), running.account()
    for owner, access, mark in ((alice, token, MARK), (mallory, theirs, "plain")):
        _make_repositories(running, access, owner, folder, mark)
    world = World(running, running.client(token), running.client(theirs), {"alice": alice, "mallory": mallory}, {})
    world.ids = _identifiers(world, token)
    return world


def _make_repositories(running: Server, token: str, owner: str, folder: Path, mark: str) -> None:
    file = folder / f"{mark}.csv"
    file.write_text(f"word\n{mark}\n")
    with Client(running.url, token=token) as client:
        adder.push(client, f"{owner}/adder", right=2.5 if mark == MARK else 1.5)
        make_operation(client, f"{owner}/step", folder)
        client.create_repository(f"{owner}/data", kind="dataset")
        client.push_files(f"{owner}/data", {"a.csv": client.upload(file)})
        for name in NAMES:
            assert adder.follow(client, f"{owner}/{name}", 1)["state"] == "ready"
            change = {"title": mark, "description": mark, "tags": [mark]}
            with running.client(token) as plain:
                plain.patch(f"/api/v1/repos/{owner}/{name}", json=change).raise_for_status()
        client.deploy(f"{owner}/adder", version=1)


def _identifiers(world: World, token: str) -> dict[str, str]:
    alice, owner = world.alice, world.names["alice"]
    run_id = str(leavings.leave(world.server, owner, {"a.csv": f"word\n{MARK}\n".encode(), "a.png": PICTURE}))
    experiment = _post(alice, "experiments", {"name": MARK, "description": MARK})["id"]
    alice.put(f"/api/v1/experiments/{experiment}/runs/{run_id}").raise_for_status()
    organisation = f"o{owner}"
    _post(alice, "organisations", {"username": organisation})
    invitation = _post(alice, f"repos/{owner}/adder/invitations", {"role": "reader"})
    credential = {"registry": f"{MARK}.example", "username": MARK, "secret": MARK}
    said = _hear(world)
    reply = _post(alice, f"repos/{owner}/adder/feedback/{said}/replies", {"text": MARK})["replies"][-1]["id"]
    asked = _post(alice, f"repos/{owner}/step/runs", {"title": MARK})
    upload = _upload(alice)
    alice.put(f"/api/v1/repos/{owner}/adder/picture", json={"upload": _upload(alice, PICTURE)}).raise_for_status()
    alice.post(f"/api/v1/repos/{owner}/data/transfer", json={"to": _other_person(world)}).raise_for_status()
    ended = ("succeeded", "failed", "cancelled")
    until(lambda: alice.get(f"/api/v1/runs/{asked['id']}").json()["state"] in ended, seconds=120, what="the run")
    return {
        "owner": owner,
        "run_id": run_id,
        "experiment_id": experiment,
        "organisation": organisation,
        "invitation_id": invitation["id"],
        "credential_id": _post(alice, "registry-credentials", credential)["id"],
        "feedback_id": said,
        "reply_id": reply,
        "upload_id": upload,
        "prediction_id": _predict(world),
        "repository_id": alice.get(f"/api/v1/repos/{owner}/data").json()["id"],
        "token_id": invitation["id"],  # only a session may ask about tokens: any id will do
        "username": owner,
        "secret": "my_member_" + "x" * 43,
        **_content(world),
    }


def _content(world: World) -> dict[str, str]:
    """What foreign clients name: a large file by its digests, and the parts of the image."""
    address = f"{world.names['alice']}/adder"
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    manifest = world.alice.get(f"/v2/{address}/manifests/v1", headers=accept)
    layer = manifest.json()["layers"][-1]["digest"]
    commit = world.alice.get(f"/api/v1/repos/{address}/commits").json()[0]["id"]
    data = f"{MARK} by DVC".encode()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    place = f"{md5[:2]}/{md5[2:]}"
    world.alice.post(f"/dvc/{address}/files/md5/{place}", content=data).raise_for_status()
    return {
        "md5": place,
        "manifest": manifest.headers["docker-content-digest"],
        "digest": layer,
        "oid": layer.removeprefix("sha256:"),
        "commit": commit,
    }


def _hear(world: World) -> str:
    """A member says something of the model; returns the id of that."""
    username, _, token = world.server.account()
    place = f"repos/{world.names['alice']}/adder"
    asked = _post(world.alice, f"{place}/invitations", {"username": username, "role": "contributor"})
    with world.server.client(token) as member:
        member.post(f"/api/v1/account/invitations/{asked['id']}/accept").raise_for_status()
        return str(_post(member, f"{place}/feedback", {"version": 1, "rating": 4, "text": MARK})["id"])


def _other_person(world: World) -> str:
    return world.server.account()[0]


def _predict(world: World) -> str:
    address = f"{world.names['alice']}/adder"
    answer = world.alice.post(f"/serve/{address}/model/predict", json={"left": 1}).raise_for_status()
    id = str(answer.json()["id"])
    place = f"/api/v1/repos/{address}/predictions/{id}"
    until(lambda: world.alice.get(place).is_success, seconds=120, what="the box's report")
    return id


def _upload(client: httpx.Client, content: bytes = MARK.encode()) -> str:
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Content-Type": "application/offset+octet-stream",
    }
    made = client.post("/api/v1/uploads", headers=headers, content=content).raise_for_status()
    return str(made.headers["Location"].rpartition("/")[2])


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


def _settled(answer: httpx.Response) -> Any:
    """Without what changes by itself: how a box feels."""
    found = answer.json()
    if isinstance(found, dict):
        for name in ("replicas", "boxes", "state", "aliases"):
            found.pop(name, None)
    return answer.status_code, found
