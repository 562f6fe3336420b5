"""What a server does beside its requests: settling at start-up, sweeping, collecting garbage."""

import asyncio
import logging
import shutil
from collections.abc import Callable

import anyio.to_thread

from modelyard.apps.wiring import Parts
from modelyard.rooms.access import service as access
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.content import tasks as content
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.images import service as images
from modelyard.rooms.members import service as members
from modelyard.rooms.operations import keeping
from modelyard.rooms.predictions import service as predictions
from modelyard.rooms.repos import service as repos
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import ClearsRemains, EvictsImages
from modelyard.rooms.serving import fleet
from modelyard.rooms.usage import sampling
from modelyard.rooms.versions import erasing, tasks
from modelyard.rooms.versions import service as versions
from modelyard.rooms.versions.tag_pushing import TagPushes

log = logging.getLogger("modelyard.housekeeping")

INTERVAL_S = 60.0
TRAFFIC_S = 5.0


def settle(parts: Parts) -> None:
    """Before the API opens: removes containers of runs that nobody continues, and what pushes and builds left."""
    if isinstance(parts.engine, ClearsRemains):
        for name in parts.engine.clear_remains():
            log.warning("removed the half-made container %s", name)
    for name in runs.remove_strays(parts.runs):
        log.warning("removed the stray container %s", name)
    with parts.database.read() as session:
        for path in repos.clear_remains(session, parts.repositories):
            log.warning("removed %s, which a crash had left", path)
    images.clean_up(supplies=parts.supplies)
    _index(parts)
    _expire(parts)
    for folder in (parts.settings.data_dir / "scratch").iterdir():
        shutil.rmtree(folder, ignore_errors=True)


def _index(parts: Parts) -> None:
    """Has search know every repository; after an upgrade from a release without search, that is all of them."""
    more = True
    while more:
        with parts.database.write() as session:
            more = repos.index_missing(session) > 0


def sweep(parts: Parts) -> None:
    """Starts the work whose row was committed but whose start was cut off by a crash. May be repeated."""
    with parts.database.read() as session:
        builds = versions.unfinished_builds(session)
        erasures = repos.repositories_to_delete(session)
        keeps = runs.due_keeps(session)
    for version_id, attempt in builds:
        tasks.resume_build(version_id, attempt)
    for repository_id in erasures:
        erasing.resume_erasure(str(repository_id))
    for run_id in keeps:
        keeping.enqueue(run_id)
    repos.settle_pushes(parts.repositories, TagPushes(parts.pushes, parts.settings.url).resume)


async def run(parts: Parts) -> None:
    """Once a minute, until cancelled: what expires goes, what nobody holds is freed."""
    while True:
        await asyncio.sleep(INTERVAL_S)
        for work in (_expire, _collect, _evict, _sample, sweep):
            await _quietly(work, parts)


async def run_traffic(parts: Parts) -> None:
    """Every few seconds, until cancelled: bytes that left are written down."""
    while True:
        await asyncio.sleep(TRAFFIC_S)
        await _quietly(_flush, parts)


async def _quietly(work: Callable[[Parts], None], parts: Parts) -> None:
    """Housekeeping that fails is logged and tried again a minute later."""
    try:
        await anyio.to_thread.run_sync(work, parts)
    except Exception:
        log.exception("housekeeping: %s", work.__name__)


def _expire(parts: Parts) -> None:
    with parts.database.write() as session:
        accounts.sweep_expired(session, clock=parts.clock)
        accounts.write_token_uses(session, parts.token_uses)
        access.forget_answers(session, clock=parts.clock)
        members.forget_what_ended(session, clock=parts.clock)
        predictions.forget_old(session, now=parts.clock())
    content.sweep_uploads(UploadTools(parts.database, parts.blobs, parts.content, parts.clock))


def _collect(parts: Parts) -> None:
    content.collect_garbage(parts.database, parts.blobs, grace=parts.content.gc_grace, clock=parts.clock)


def _sample(parts: Parts) -> None:
    """What boxes use and accounts hold."""
    fleet.sample_boxes(parts.fleet)
    sampling.record_storage(parts.database, now=parts.clock())


def _flush(parts: Parts) -> None:
    parts.traffic.flush()


def _evict(parts: Parts) -> None:
    if isinstance(parts.engine, EvictsImages):
        parts.engine.evict(keep_bytes=parts.settings.images_keep_bytes)
