"""Somebody with a dataset on a real server."""

import io
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from modelyard_client import Client
from support.server import Server
from support.waiting import until


@dataclass
class Collector:
    server: Server
    http: httpx.Client
    client: Client
    folder: Path
    username: str
    name: str

    @property
    def address(self) -> str:
        return f"{self.username}/{self.name}"

    @property
    def path(self) -> str:
        return f"/api/v1/repos/{self.address}"

    def upload(self, content: bytes, name: str = "file.bin") -> str:
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        (folder / name).write_bytes(content)
        return self.client.upload(folder / name)

    def push(self, files: Mapping[str, bytes], **body: Any) -> httpx.Response:
        """Single files, each an upload."""
        listed = [{"path": path, "upload": self.upload(content)} for path, content in files.items()]
        return self.http.post(f"{self.path}/versions", json={"files": listed, **body})

    def push_zip(self, content: bytes, **body: Any) -> httpx.Response:
        return self.http.post(f"{self.path}/versions", json={"archive": self.upload(content, "data.zip"), **body})

    def finish(self, answer: httpx.Response) -> dict[str, Any]:
        """The version when its import has ended."""
        assert answer.status_code == 202, answer.text
        address = f"{self.path}/versions/{answer.json()['number']}"

        def ended() -> dict[str, Any] | None:
            version = self.http.get(address).json()
            return version if version["state"] in ("ready", "failed") else None

        return until(ended, seconds=60, what="the import")

    def ready(self, answer: httpx.Response) -> int:
        version = self.finish(answer)
        assert version["state"] == "ready", version["reason"]
        return int(version["number"])

    def get(self, number: int, what: str, **options: Any) -> httpx.Response:
        return self.http.get(f"{self.path}/versions/{number}/{what}", **options)


def collector(server: Server, folder: Path, **repository: Any) -> Collector:
    username, _, token = server.account()
    http, client = server.client(token), Client(server.url, token=token)
    name = f"data-{secrets.token_hex(3)}"
    made = http.post("/api/v1/repos", json={"name": name, "kind": "dataset", **repository})
    assert made.status_code == 201, made.text
    return Collector(server, http, client, folder, username, name)


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
