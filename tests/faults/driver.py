"""People at work on a server that may vanish at any moment. What was acknowledged to them is written down."""

import hashlib
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from faults import adder
from support.server import Server

CHUNK = 30_000
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
AWAY = {502, 503, 504}
"""What a server may answer that is just going down or coming up."""


@dataclass
class Sent:
    """An upload: what it is to hold, and up to where the server has acknowledged it."""

    data: bytes
    acknowledged: int = 0


@dataclass
class Witness:
    """Everything that a server has acknowledged. Versions by (repository, number) with the summand they add."""

    accounts: set[str] = field(default_factory=set)
    repositories: set[str] = field(default_factory=set)
    uploads: dict[str, Sent] = field(default_factory=dict)
    versions: dict[tuple[str, int], float] = field(default_factory=dict)
    deployed: dict[str, int] = field(default_factory=dict)
    deploying: dict[str, int] = field(default_factory=dict)
    predictions: int = 0
    settled: set[str] = field(default_factory=set)
    """Uploads and versions that were found to be in their last state: they are looked at again only in the end."""
    wrong: list[str] = field(default_factory=list)


class Driver:
    """One thread that does one random thing after another until it is stopped; an unanswered request is no fault."""

    def __init__(self, server: Server, owner: str, token: str, witness: Witness, seed: int) -> None:
        self._server, self._owner, self._witness = server, owner, witness
        self._random = random.Random(seed)
        self._http = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(60, connect=2)
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._made = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(90)
        assert not self._thread.is_alive(), "the driver hangs in a request"
        self._http.close()

    def _work(self) -> None:
        things: list[Callable[[], None]] = [
            self._make_repository,
            self._make_account,
            self._begin_upload,
            self._continue_upload,
            self._continue_upload,
            self._push,
            self._push,
            self._deploy,
            self._predict,
            self._predict,
            self._predict,
        ]
        while not self._over.is_set():
            try:
                self._random.choice(things)()
            except httpx.TransportError:
                self._over.wait(0.02)

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """The answer if it acknowledges something; None where the server is away. Anything else is written down."""
        response = self._http.request(method, path, **request)
        if response.is_success:
            return response
        if response.status_code not in AWAY | {423}:
            self._witness.wrong.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return None

    def _name(self, kind: str) -> str:
        """Never the same twice, also for another driver of the same server."""
        self._made += 1
        return f"{kind}-{time.time_ns():x}-{self._made}"

    def _make_repository(self) -> None:
        if len(self._witness.repositories) >= 6:
            return
        name = self._name("repo")
        if self._call("POST", "/api/v1/repos", json={"name": name, "kind": "model", "visibility": "private"}):
            self._witness.repositories.add(name)

    def _make_account(self) -> None:
        username = self._name("u")
        with self._server.client() as administrator:
            wanted = {"username": username, "role": "reader", "password": "correct horse battery"}
            if administrator.post("/api/v1/accounts", json=wanted).is_success:
                self._witness.accounts.add(username)

    def _begin_upload(self) -> None:
        self._send_whole(os.urandom(self._random.randint(1, 6) * CHUNK), parts=self._random.randint(0, 2))

    def _continue_upload(self) -> None:
        unfinished = [id for id, sent in self._witness.uploads.items() if sent.acknowledged < len(sent.data)]
        if not unfinished:
            return
        upload_id = self._random.choice(unfinished)
        if (stands := self.standing(upload_id)) is not None:
            self._append(upload_id, stands)

    def standing(self, upload_id: str) -> int | None:
        """Where the server says that the upload stands."""
        answer = self._call("HEAD", f"/api/v1/uploads/{upload_id}", headers=TUS)
        return int(answer.headers["Upload-Offset"]) if answer else None

    def finish_upload(self, upload_id: str) -> str | None:
        """Sends what is missing; returns the digest that the server tells in the end."""
        sent = self._witness.uploads[upload_id]
        while (stands := self.standing(upload_id)) is not None and stands < len(sent.data):
            self._append(upload_id, stands)
        answer = self._call("HEAD", f"/api/v1/uploads/{upload_id}", headers=TUS)
        return answer.headers.get("Repr-Digest") if answer else None

    def _append(self, upload_id: str, offset: int) -> None:
        sent = self._witness.uploads[upload_id]
        headers = TUS | {"Upload-Offset": str(offset)}
        body = sent.data[offset : offset + CHUNK]
        if answer := self._call("PATCH", f"/api/v1/uploads/{upload_id}", headers=headers, content=body):
            sent.acknowledged = int(answer.headers["Upload-Offset"])

    def _send_whole(self, data: bytes, *, parts: int | None = None) -> str | None:
        """Begins an upload and sends some of its parts (None: all); returns its id."""
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
        answer = self._call("POST", "/api/v1/uploads", headers=headers)
        if answer is None:
            return None
        upload_id = answer.headers["Location"].rpartition("/")[2]
        sent = self._witness.uploads[upload_id] = Sent(data)
        while sent.acknowledged < len(data) and parts != 0:
            before = sent.acknowledged
            self._append(upload_id, before)
            if sent.acknowledged == before:
                return None
            parts = None if parts is None else parts - 1
        return upload_id

    def _push(self) -> None:
        if not self._witness.repositories or self._unfinished_builds() > 3:
            return
        name = self._random.choice(sorted(self._witness.repositories))
        right = float(self._random.randint(0, 10**6))
        upload_id = self._send_whole(adder.archive(right=right, load_seconds=self._random.choice([0, 0, 0.5])))
        if upload_id is None:
            return
        answer = self._call("POST", f"/api/v1/repos/{self._owner}/{name}/versions", json={"archive": upload_id})
        if answer:
            self._witness.versions[name, answer.json()["number"]] = right

    def _unfinished_builds(self) -> int:
        pages = [self._call("GET", f"/api/v1/repos/{self._owner}/{n}/versions") for n in self._witness.repositories]
        return sum(v["state"] in ("queued", "building") for page in pages if page for v in page.json()["items"])

    def _deploy(self) -> None:
        if not self._witness.versions or len(self._witness.deployed) >= 2:
            return
        name, number = self._random.choice(sorted(self._witness.versions))
        at = f"/api/v1/repos/{self._owner}/{name}"
        version = self._call("GET", f"{at}/versions/{number}")
        if version is None or version.json()["state"] != "ready" or name in self._witness.deploying:
            return
        self._witness.deploying[name] = number
        if self._call("PUT", f"{at}/deployment", json={"version": number}):
            self._witness.deployed[name] = number

    def _predict(self) -> None:
        if not self._witness.deployed:
            return
        name, number = self._random.choice(sorted(self._witness.deployed.items()))
        path = f"/serve/{self._owner}/{name}/model/predict"
        if answer := self._call("POST", path, json={"left": 1}):
            self._witness.predictions += 1
            if output_of(answer) != 1 + self._witness.versions[name, number]:
                self._witness.wrong.append(f"{path} answered {answer.text}")


def output_of(answer: httpx.Response) -> Any:
    """What the model returned."""
    body = answer.json()
    return body["output"] if isinstance(body, dict) and "output" in body else body


def repr_digest(data: bytes) -> str:
    """The ``Repr-Digest`` of these bytes (RFC 9530)."""
    import base64

    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"
