"""Somebody who asks for runs of an operation, over HTTP."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from modelyard_client import Client
from rooms.datasets.shelf import Collector, collector
from support import operations
from support.server import Server
from support.waiting import until

WEIGH = """
import json, os, pathlib, sys
told = json.loads(pathlib.Path("/in/params.json").read_text())
given = json.loads(pathlib.Path("/in/inputs.json").read_text())
print(sys.argv[1:])
print({k: v for k, v in sorted(os.environ.items()) if k.startswith("MODELYARD_")})
out = pathlib.Path("/out")
places = [pathlib.Path(place) for place in given.values()]
files = sorted(p for place in places for p in [place, *place.rglob("*")] if p.is_file())
(out / "names.txt").write_text("".join(f"{p} {p.stat().st_size}\\n" for p in files))
steps = range(1, told["steps"] + 1)
(out / "metrics.jsonl").write_text("".join(json.dumps({"step": n, "loss": 1 / n}) + "\\n" for n in steps))
(out / "model.txt").write_text(str(told["steps"]))
if told.get("random"):
    (out / "random").write_bytes(os.urandom(8))
"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "data": {"type": "string", "title": "Data", "x-modelyard": "files"},
        "table": {"type": "string", "x-modelyard": "table"},
        "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 3},
        "word": {"enum": ["a", "b"], "default": "a"},
        "shape": {"type": "object", "properties": {"width": {"type": "number"}}, "required": ["width"]},
        "random": {"type": "boolean", "default": False},
    },
    "required": [],
}


@dataclass
class Desk:
    """``http`` carries the token of an account that owns the operation ``address``."""

    site: Server
    http: httpx.Client
    token: str
    username: str
    address: str
    shelf: Collector

    def ask(self, **body: Any) -> httpx.Response:
        return self.http.post(f"/api/v1/repos/{self.address}/runs", json=body)

    def run(self, **body: Any) -> dict[str, Any]:
        """Asks for a run and waits for its end."""
        response = self.ask(**body)
        assert response.status_code == 202, response.text
        return self.ended(response.json()["id"])

    def ended(self, run_id: str) -> dict[str, Any]:
        def end() -> dict[str, Any] | None:
            run = self.get(f"/runs/{run_id}")
            return run if run["state"] in ("succeeded", "failed", "cancelled") else None

        return until(end, seconds=90, what=f"the end of run {run_id}")

    def get(self, path: str, **params: Any) -> Any:
        return self.http.get(f"/api/v1{path}", params=params).raise_for_status().json()

    def output(self, run_id: str, path: str) -> bytes:
        return self.http.get(f"/api/v1/runs/{run_id}/outputs/{path}").raise_for_status().content

    def upload(self, name: str, data: bytes, folder: Path) -> str:
        file = folder / name
        file.write_bytes(data)
        with Client(self.site.url, token=self.token) as client:
            return client.upload(file)


def desk(site: Server, folder: Path, *, schema: dict[str, Any] = SCHEMA, program: str = WEIGH, **facts: Any) -> Desk:
    shelf = collector(site, folder)
    token = shelf.http.headers["authorization"].removeprefix("Bearer ")
    name = f"weigh{secrets.token_hex(3)}"
    address = operations.add_operation(site, token, name=name, program=program, schema=schema, **facts)
    return Desk(site, shelf.http, token, shelf.username, address, shelf)
