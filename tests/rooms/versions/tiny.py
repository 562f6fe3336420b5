"""Small models without packages, for tests of pushing and building: they are built in about a second."""

import io
import json
import pickle
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard_client import Client
from support.server import Server

MODEL = {"slope": 3.0, "table": list(range(100))}
SOURCE = '''"""A line through the origin."""


def predict(model: dict, x: float) -> float:
    """Follows the line.

    Args:
        x: Where to look.
    """
    return model["slope"] * x
'''
CONFIG = {"predict": {"module": "line", "function": "predict"}}


@dataclass
class Author:
    """Somebody with a repository of their own on a server."""

    server: Server
    username: str
    password: str
    token: str
    client: Client
    folder: Path
    name: str

    @property
    def address(self) -> str:
        return f"{self.username}/{self.name}"

    @property
    def versions(self) -> str:
        return f"/api/v1/repos/{self.address}/versions"

    def file(self, name: str, content: bytes) -> Path:
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        (folder / name).write_bytes(content)
        return folder / name

    def push(
        self,
        source: Mapping[str, str | bytes] | None = None,
        *,
        artifact: bytes | None = b"",
        config: Mapping[str, Any] | str | None = None,
        requirements: str | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Pushes the four parts; the line where nothing else is given. ``artifact`` None pushes none."""
        if artifact == b"":
            artifact = pickle.dumps(MODEL)
        text = config if isinstance(config, str) else json.dumps(config or CONFIG)
        return self.client.push_parts(
            self.address,
            source=self.file("source.zip", zipped(source or {"line.py": SOURCE})),
            artifact=self.file("model.pkl", artifact) if artifact is not None else None,
            config=self.file("config.json", text.encode()),
            requirements=self.file("requirements.txt", requirements.encode()) if requirements is not None else None,
            **options,
        )

    def push_folder(self, files: Mapping[str, str | bytes], **options: Any) -> dict[str, Any]:
        """Pushes a zip of a folder with ``modelyard.yaml``."""
        return self.client.push_archive(self.address, self.file("folder.zip", zipped(files)), **options)

    def finish(self, version: Mapping[str, Any]) -> dict[str, Any]:
        """Follows the build to its end and returns the version then."""
        last = list(self.client.follow_build(self.address, version["number"]))[-1]
        assert last.name == "end"
        return last.data

    def ready(self, version: Mapping[str, Any]) -> dict[str, Any]:
        ended = self.finish(version)
        assert ended["state"] == "ready", ended
        return ended


def author(server: Server, folder: Path, *, name: str = "line", visibility: str = "private") -> Author:
    """A new account with an empty repository."""
    username, password, token = server.account()
    client = Client(server.url, token=token)
    client.create_repository(f"{username}/{name}", visibility=visibility)
    return Author(server, username, password, token, client, folder, name)


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
