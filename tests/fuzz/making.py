"""Things that are made anew for a fuzzed request, because it may destroy them or use them up."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from faults import adder
from fuzz.people import People
from modelyard_client import Client
from rooms.packs.images import digits, zipped
from support.server import Server
from support.waiting import until

BYTES = "application/offset+octet-stream"
GOOD, OTHER, FAILED = 1, 2, 3
"""Numbers of the versions that are there."""


@dataclass
class Making:
    """Makes things for the owner, whose run ``left`` has ended; ``heard`` is what a neighbour, with the token
    ``other``, said of the
    model."""

    server: Server
    people: People
    neighbour: dict[str, str]
    heard: str
    left: str
    other: str
    made: int = 0

    @property
    def owner(self) -> str:
        return self.people.owner

    def count(self) -> int:
        """One more at each call: what is made has a name of its own."""
        self.made += 1
        return self.made

    def new_upload(self, content: bytes, *, length: int | None = None) -> str:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length or len(content))}
        if content:
            headers["Content-Type"] = BYTES
        with self._owner() as client:
            answer = client.post("/api/v1/uploads", headers=headers, content=content)
        return answer.headers["Location"].rpartition("/")[2]

    def quiet_neighbour(self) -> dict[str, Any]:
        self._silence()
        return dict(self.neighbour)

    def _silence(self) -> None:
        """Takes back what the owner has said of the neighbour's dataset."""
        with self._owner() as client:
            for said in client.get("/api/v1/feedback/mine").json()["items"]:
                client.delete(f"{about(self.neighbour)}/feedback/{said['id']}").raise_for_status()

    def new_feedback(self) -> str:
        self._silence()
        with self._owner() as client:
            return say_something(client, self.neighbour)

    def new_reply(self) -> str:
        with self._owner() as client:
            address = f"/api/v1/repos/{self.owner}/adder/feedback/{self.heard}/replies"
            return str(client.post(address, json={"text": "so it is"}).json()["replies"][-1]["id"])

    def pictured(self) -> dict[str, Any]:
        with self._owner() as client:
            upload = {"upload": self.new_upload(PICTURE)}
            client.put(f"/api/v1/repos/{self.owner}/adder/picture", json=upload).raise_for_status()
        return {}

    def new_branch(self) -> str:
        name = f"branch-{self.count()}"
        with self._owner() as client:
            wanted = {"name": name, "revision": "main"}
            client.post(f"/api/v1/repos/{self.owner}/adder/branches", json=wanted).raise_for_status()
        return name

    def new_repository(self, *, kind: str = "model") -> str:
        name = f"short-{self.count()}"
        with self._owner() as client:
            client.post("/api/v1/repos", json={"name": name, "kind": kind}).raise_for_status()
        return name

    @cached_property
    def images(self) -> str:
        """A dataset of packed images, to be looked at."""
        return self.packed()

    def packed(self) -> str:
        """A new dataset of packed images."""
        name = self.new_repository(kind="dataset")
        path = f"/api/v1/repos/{self.owner}/{name}"
        with self._owner() as client:
            begun = client.post(f"{path}/imports", json={"uploads": [self.new_upload(zipped(digits(3)))]})
            number = begun.raise_for_status().json()["number"]
            until(
                lambda: client.get(f"{path}/versions/{number}").json()["state"] == "ready",
                seconds=60,
                what="the import",
            )
        return name

    def new_version(self) -> int:
        with Client(self.server.url, token=self.people.token) as client:
            return int(adder.push(client, f"{self.owner}/adder")["number"])

    def moved_alias(self) -> str:
        """An alias that has pointed at another version before."""
        alias = f"moved-{self.count()}"
        with self._owner() as client:
            for number in (GOOD, OTHER):
                address = f"/api/v1/repos/{self.owner}/adder/deployment/aliases/{alias}"
                client.put(address, json={"version": number}).raise_for_status()
        return alias

    def new_run(self) -> str:
        """A run that has ended."""
        with self._owner() as client:
            asked = client.post(f"/api/v1/repos/{self.owner}/step/runs", json={}).raise_for_status().json()
        return _end_of(self._owner, asked["id"])

    @cached_property
    def ran(self) -> str:
        """A run that has ended; always the same one."""
        return self.new_run()

    def reproduced(self) -> str:
        with self._owner() as client:
            again = client.post(f"/api/v1/runs/{self.ran}/reproduce").raise_for_status().json()
        return _end_of(self._owner, again["id"])

    def new_experiment(self, *, with_run: bool = False) -> str:
        with self._owner() as client:
            made = client.post("/api/v1/experiments", json={"name": f"tries-{self.count()}"}).raise_for_status().json()
            if with_run:
                client.put(f"/api/v1/experiments/{made['id']}/runs/{self.left}").raise_for_status()
        return str(made["id"])

    @cached_property
    def organisation(self) -> str:
        return self.new_organisation()

    @property
    def organised(self) -> str:
        return f"organisations/{self.organisation}"

    def new_organisation(self) -> str:
        name = f"org-{self.count()}"
        with self._owner() as client:
            client.post("/api/v1/organisations", json={"username": name}).raise_for_status()
        return name

    def new_member_invitation(self, place: str | None = None, **wanted: str) -> dict[str, Any]:
        """An open one to a place of the owner's."""
        place = place or f"repos/{self.owner}/adder"
        with self._owner() as client:
            return dict(client.post(f"/api/v1/{place}/invitations", json=wanted).raise_for_status().json())

    def new_member(self, place: str | None = None) -> str:
        username, _, token = self.server.account()
        asked = self.new_member_invitation(place or f"repos/{self.owner}/step", username=username)
        with self.server.client(token) as member:
            member.post(f"/api/v1/account/invitations/{asked['id']}/accept").raise_for_status()
        return username

    def _new_place_of_neighbour(self) -> str:
        name = f"near-{self.count()}"
        with self.server.client(self.other) as client:
            client.post("/api/v1/repos", json={"name": name}).raise_for_status()
        return f"repos/{self.neighbour['owner']}/{name}"

    def invited(self) -> str:
        """An invitation that names the owner."""
        place = self._new_place_of_neighbour()
        with self.server.client(self.other) as client:
            asked = client.post(f"/api/v1/{place}/invitations", json={"username": self.owner}).raise_for_status()
        return str(asked.json()["id"])

    def link_of_neighbour(self) -> str:
        place = self._new_place_of_neighbour()
        with self.server.client(self.other) as client:
            return str(client.post(f"/api/v1/{place}/invitations", json={}).raise_for_status().json()["secret"])

    def offered(self) -> str:
        """A repository of the owner's that is on offer."""
        name = self.new_repository()
        with self._owner() as client:
            to = {"to": self.neighbour["owner"]}
            client.post(f"/api/v1/repos/{self.owner}/{name}/transfer", json=to).raise_for_status()
        return name

    def offered_to_owner(self) -> str:
        place = self._new_place_of_neighbour()
        with self.server.client(self.other) as client:
            made = client.post(f"/api/v1/{place}/transfer", json={"to": self.owner}).raise_for_status().json()
        return str(made["offer"]["repository_id"])

    def new_token(self) -> str:
        with self.people.owner_in_browser() as person:
            wanted = {"name": "short", "scopes": ["read"]}
            return str(person.post(f"{self.server.url}/api/v1/account/tokens", json=wanted).json()["id"])

    def new_registry_credential(self) -> str:
        with self._owner() as client:
            wanted = {"registry": f"r{self.count()}.example", "username": "ada", "secret": "secret"}
            return str(client.post("/api/v1/registry-credentials", json=wanted).raise_for_status().json()["id"])

    def new_invitation(self) -> dict[str, Any]:
        with self.server.client() as client:
            wanted = {"role": "reader", "expires_in_days": 1}
            return dict(client.post("/api/v1/invitations", json=wanted).json())

    def _owner(self) -> httpx.Client:
        return self.server.client(self.people.token)


def make_dataset(running: Server, token: str, address: str, folder: Path) -> None:
    """A public dataset with one version that is ready."""
    file = folder / "a.csv"
    file.write_bytes(b"1,2\n")
    with Client(running.url, token=token) as client:
        client.create_repository(address, visibility="public", kind="dataset")
        picture = folder / "a.png"
        picture.write_bytes(PICTURE)
        version = client.push_files(address, {"a.csv": client.upload(file), "a.png": client.upload(picture)})
        assert adder.follow(client, address, version["number"])["state"] == "ready"


def make_operation(client: Client, address: str, folder: Path) -> None:
    """An operation with one version that is ready."""
    script = folder / "step.py"
    script.write_text("def step(n: int = 1) -> dict:\n    return {}\n")
    client.create_repository(address, kind="operation")
    version = client.push_parts(address, source=script)
    assert adder.follow(client, address, version["number"])["state"] == "ready"


def about(repository: dict[str, str]) -> str:
    return f"/api/v1/repos/{repository['owner']}/{repository['name']}"


def say_something(client: httpx.Client, repository: dict[str, str]) -> str:
    said = client.post(f"{about(repository)}/feedback", json={"version": 1, "rating": 4, "text": "it adds"})
    return str(said.raise_for_status().json()["id"])


def _end_of(client_of: Callable[[], httpx.Client], run_id: str) -> str:
    def ended() -> bool:
        with client_of() as client:
            return client.get(f"/api/v1/runs/{run_id}").json()["state"] in ("succeeded", "failed", "cancelled")

    until(ended, seconds=60, what="the end of a run")
    return run_id


def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, "PNG")
    return target.getvalue()


PICTURE = _picture()
