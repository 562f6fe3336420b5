"""Operations without a push: a version whose image is the base with a Python program as its command.

The program follows the contract of containers (docs/guides/images.md) with the standard library alone; nothing of
Modelyard is in the image.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from modelyard.apps import wiring
from modelyard.apps.settings import Settings
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import manifests
from modelyard.rooms.images import service as images
from modelyard.rooms.images.schemas import AssembledImage, Lock, PlatformImage
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.versions import store as versions
from modelyard_client import Client
from support.server import Server

PYTHON = "3.11"
NO_INPUTS: Mapping[str, Any] = {"type": "object", "properties": {}}
COUNTER = """
import json, os, pathlib, time
told = json.loads(pathlib.Path("/in/params.json").read_text())
given = json.loads(pathlib.Path("/in/inputs.json").read_text())
out = pathlib.Path("/out")
print("".join(f"extra {n}\\n" for n in range(told["lines"])), end="", flush=True)
for n in range(1, told["steps"] + 1):
    time.sleep(told["pause"])
    print(f"line {n} of {told['steps']}", flush=True)
    print(f"progress: {n / told['steps']} step {n}", flush=True)
    with (out / "metrics.jsonl").open("a") as metrics:
        metrics.write(json.dumps({"step": n, "loss": 1 / n}) + "\\n")
sizes = {name: sum(f.stat().st_size for f in [p, *p.rglob("*")] if f.is_file())
         for name, p in ((name, pathlib.Path(path)) for name, path in given.items())}
(out / "sizes.csv").write_text("input,bytes\\n" + "".join(f"{n},{s}\\n" for n, s in sorted(sizes.items())))
(out / "result.json").write_text(json.dumps({"steps": told["steps"], "word": told["word"]}))
raise SystemExit(told["exit"])
"""
"""Counts slowly, and says how large its inputs are."""
COUNTER_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "data": {"type": "string", "title": "Data", "description": "What is weighed.", "x-modelyard": "files"},
        "table": {"type": "string", "description": "Rows, one file.", "x-modelyard": "table"},
        "steps": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100_000,
            "default": 3,
            "description": "How far to count.",
        },
        "pause": {"type": "number", "minimum": 0, "maximum": 60, "default": 0, "description": "Seconds between steps."},
        "lines": {"type": "integer", "minimum": 0, "default": 0, "description": "Lines to begin with, all at once."},
        "word": {"type": "string", "default": "hello", "description": "What the result says."},
        "exit": {"type": "integer", "minimum": 0, "maximum": 255, "default": 0, "description": "Exit code."},
    },
    "required": ["data"],
}


def add_operation(
    server: Server,
    token: str,
    *,
    name: str = "counter",
    program: str = COUNTER,
    schema: Mapping[str, Any] = COUNTER_SCHEMA,
    visibility: str = "private",
    **facts: Any,
) -> str:
    """Adds a version that is ready to the token's account's repository ``name``; returns its address.

    ``facts`` are those of ``versions.schemas.Operation``: ``kind``, ``options``, ``published``, …
    """
    with Client(server.url, token=token) as client:
        owner = client.get_session()["account"]["username"]
        address = f"{owner}/{name}"
        repository = client.find_repository(address) or client.create_repository(
            address, visibility=visibility, kind="operation"
        )
    operation = {"kind": "operation", "origin": "image"} | facts
    settings = Settings(data_dir=server.folder / "d")
    blobs = wiring.make_store(settings)
    image = _image(program, wiring.make_supplies(settings, blobs))
    database = Database(server.database_url)
    try:
        _insert(database, blobs, image, UUID(repository["id"]), owner, schema, operation)
    finally:
        database.close()
    return address


def _insert(
    database: Database,
    blobs: BlobStore,
    image: AssembledImage,
    repository_id: UUID,
    owner: str,
    schema: Mapping[str, Any],
    operation: Mapping[str, Any],
) -> None:
    stored = content.find_stored(blobs, image.blobs)
    with database.write() as session:
        number = versions.latest_numbers(session, [repository_id]).get(repository_id, 0) + 1
        versions.insert(
            session,
            {
                "id": new_id(),
                "repository_id": repository_id,
                "number": number,
                "state": "ready",
                "commit_id": f"{number:040x}",
                "message": "",
                "pushed_by": accounts.find_account_id(session, owner),
                "platforms": [images.own_platform()],
                "signature": {"inputs": dict(schema), "output": {}, "streams": False, "notes": []},
                "card": {},
                "project": {"operation": dict(operation)},
                "image_digest": image.digest,
                "image_size": image.size,
                "lock": None,
                "created_at": system_clock(),
                "ready_at": system_clock(),
            },
        )
        images.record_image(
            session, image, stored=stored, repository_id=repository_id, tag=f"v{number}", clock=system_clock
        )


def _image(program: str, supplies: Supplies) -> AssembledImage:
    """The base of the warm stores with another command: not a byte is fetched or compressed."""
    platform = images.own_platform()
    base = images.ensure_base(PYTHON, platform, supplies=supplies)
    running = {"User": manifests.USER, "Entrypoint": [base.interpreter, "-c", program], "WorkingDir": "/tmp"}
    config = manifests.plain_config(base, base.layers, running)
    kept = supplies.blobs.put([manifests.encode(config)])
    manifest = supplies.blobs.put([manifests.encode(manifests.manifest((kept.digest, kept.size), base.layers))])
    part = PlatformImage(platform, manifest.digest, manifest.size, kept.digest, kept.size, config, tuple(base.layers))
    digests = (manifest.digest, kept.digest, *(layer.digest for layer in base.layers))
    size = sum(blob.size for blob in content.find_stored(supplies.blobs, digests))
    return AssembledImage(manifest.digest, manifests.MANIFEST, size, (part,), Lock(PYTHON, {}), digests)
