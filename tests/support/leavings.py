"""Runs that have ended and what they left, put where a server finds them: no container is started."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import store as accounts
from modelyard.rooms.content import service as content
from modelyard.rooms.runs import store
from support.server import Server


def leave(
    server: Server,
    username: str,
    files: Mapping[str, bytes],
    metrics: Mapping[str, Sequence[tuple[int, float]]] | None = None,
) -> UUID:
    """The id of a new run of the account that left these files, and reported ``metrics``: name → (step, value)."""
    database, run_id, now = Database(server.database_url), new_id(), datetime.now(UTC)
    blobs = LocalBlobStore(server.folder / "d" / "blobs")
    kept = {path: blobs.put([data]) for path, data in files.items()}
    try:
        with database.write() as session:
            account = accounts.account_named(session, username)
            assert account is not None
            store.insert(session, _run(run_id, account.id, now))
            for blob in kept.values():
                content.record_stored(
                    session, store=blobs, digest=blob.digest, holder_id=account.id, why=f"run:{run_id}"
                )
            store.insert_outputs(
                session,
                run_id,
                [
                    {"path": path, "digest": blob.digest, "size": blob.size, "crc32": zlib.crc32(files[path])}
                    for path, blob in kept.items()
                ],
            )
            store.insert_metrics(session, _metrics(run_id, metrics or {}, now))
    finally:
        database.close()
    return run_id


def _run(run_id: UUID, account_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": run_id,
        "account_id": account_id,
        "address": "somebody/something",
        "version": 1,
        "purpose": "operation",
        "title": "Something",
        "state": "succeeded",
        "attempt": 1,
        "image_digest": f"sha256:{'0' * 64}",
        "created_at": now,
        "started_at": now,
        "ended_at": now,
    }


def _metrics(
    run_id: UUID, metrics: Mapping[str, Sequence[tuple[int, float]]], now: datetime
) -> list[dict[str, object]]:
    points = [(name, step, value) for name, series in metrics.items() for step, value in series]
    return [
        {"run_id": run_id, "sequence": n, "attempt": 1, "name": name, "step": step, "value": value, "at": now}
        for n, (name, step, value) in enumerate(points, start=1)
    ]
