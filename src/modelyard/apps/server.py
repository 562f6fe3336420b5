"""The server: API, registry, Git, gateway and web page in one process.

Start-up brings unfinished work to a known state before the API opens: migrations (after a backup), strays removed,
boxes taken over, workflows continued.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as distribution_version
from typing import NoReturn

import anyio.to_thread
import uvicorn
from fastapi import FastAPI

from modelyard.apps import housekeeping, web
from modelyard.apps.admission import THREADS, Admission, Asgi, Receive, Scope, Send
from modelyard.apps.claims import claim_data_dir, claim_database, claim_port
from modelyard.apps.doctor import health_router
from modelyard.apps.doctor import router as doctor_router
from modelyard.apps.migrate import upgrade
from modelyard.apps.settings import Settings
from modelyard.apps.wiring import Parts, make_parts
from modelyard.kit import durable
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.http import check_policies, document_problems, install_problem_handlers, provide
from modelyard.kit.secrets import SecretBox
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.routes import router as accounts_router
from modelyard.rooms.accounts.service import TokenUses
from modelyard.rooms.accounts.throttle import SignInThrottle
from modelyard.rooms.bundles.ports import BundleTools
from modelyard.rooms.bundles.routes import router as bundles_router
from modelyard.rooms.content.ports import BlobStore, ContentOptions, StorageBounds
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.routes import router as uploads_router
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.datasets.routes import router as datasets_router
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.dvc.routes import router as dvc_router
from modelyard.rooms.experiments.promoting import PromotionTools
from modelyard.rooms.experiments.routes import router as experiments_router
from modelyard.rooms.feedback.routes import router as feedback_router
from modelyard.rooms.hub.repository_routes import routers as hub_repository_routers
from modelyard.rooms.hub.resolve_routes import router as hub_resolve_router
from modelyard.rooms.hub.service import HubTools
from modelyard.rooms.hub.site_routes import router as hub_site_router
from modelyard.rooms.images.credential_routes import router as credentials_router
from modelyard.rooms.images.ports import PushedImages
from modelyard.rooms.images.registry import router as registry_router
from modelyard.rooms.images.registry_pushing import router as registry_pushing_router
from modelyard.rooms.images.registry_tokens import router as registry_tokens_router
from modelyard.rooms.images.registry_uploads import router as registry_uploads_router
from modelyard.rooms.images.service import ImportTools
from modelyard.rooms.members.audit_routes import router as audit_router
from modelyard.rooms.members.organisation_routes import router as organisations_router
from modelyard.rooms.members.routes import router as members_router
from modelyard.rooms.operations import keeping
from modelyard.rooms.operations.keeping import KeepTools
from modelyard.rooms.operations.routes import router as operations_router
from modelyard.rooms.operations.service import OperationTools
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.predictions.routes import router as predictions_router
from modelyard.rooms.repos import upkeep
from modelyard.rooms.repos.discovery_routes import router as discovery_router
from modelyard.rooms.repos.git_routes import router as git_router
from modelyard.rooms.repos.lfs_routes import router as lfs_router
from modelyard.rooms.repos.picture_routes import router as picture_router
from modelyard.rooms.repos.pictures import PictureTools
from modelyard.rooms.repos.ports import PushedRefs, RepositoryOptions, Traffic, UseLog
from modelyard.rooms.repos.revision_routes import router as revision_router
from modelyard.rooms.repos.routes import router as repos_router
from modelyard.rooms.results.routes import router as results_router
from modelyard.rooms.results.service import ResultTools
from modelyard.rooms.runs.logs import LogTools
from modelyard.rooms.runs.ports import Engine, Wake
from modelyard.rooms.runs.routes import router as runs_router
from modelyard.rooms.serving.gateway import Gateway
from modelyard.rooms.serving.pool import Pool
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.routes import router as serving_router
from modelyard.rooms.serving.service import ServingUsers
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.quotas import StorageQuotas
from modelyard.rooms.usage.routes import router as usage_router
from modelyard.rooms.versions import erasing, item_erasing, tasks
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.erasing import EraseTools
from modelyard.rooms.versions.following import Followers, reader
from modelyard.rooms.versions.image_pushing import ImagePushes
from modelyard.rooms.versions.ports import VersionUsers
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.versions.routes import router as versions_router
from modelyard.rooms.versions.tag_pushing import TagPushes
from modelyard.rooms.viewing.file_routes import router as dataset_files_router
from modelyard.rooms.viewing.routes import router as items_router
from modelyard.rooms.viewing.service import ViewTools

log = logging.getLogger("modelyard")

MAX_BODY_BYTES = 4 * 1024**2
FAILED_TO_START = 3

ROUTERS = (
    accounts_router,
    repos_router,
    members_router,
    organisations_router,
    audit_router,
    revision_router,
    discovery_router,
    picture_router,
    datasets_router,
    feedback_router,
    versions_router,
    operations_router,
    experiments_router,
    runs_router,
    results_router,
    items_router,
    dataset_files_router,
    credentials_router,
    bundles_router,
    predictions_router,
    serving_router,
    usage_router,
    doctor_router,
    health_router,
    registry_tokens_router,
    registry_router,
    registry_pushing_router,
    hub_site_router,
    hub_resolve_router,
)
STREAMING_ROUTERS = (
    uploads_router,
    git_router,
    lfs_router,
    dvc_router,
    registry_uploads_router,
    *hub_repository_routers,
)
"""Their bodies are read as they come, and bounded by the room."""


def create_api() -> FastAPI:
    """The API with every room's routes, not yet connected to anything; a route without a policy raises."""
    app = FastAPI(
        title="Modelyard",
        version=distribution_version("modelyard"),
        summary="Boxes, serves, corrects, retrains and meters machine-learning models.",
        openapi_url="/api/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
    )
    install_problem_handlers(app)
    for router in STREAMING_ROUTERS:
        app.include_router(router)
    for router in ROUTERS:
        app.include_router(router, max_body_size=MAX_BODY_BYTES)
    document_problems(app)
    web.mount(app)
    check_policies(app)
    return app


def create_app(settings: Settings) -> Asgi:
    """The whole server as one ASGI application. Its lifespan opens and closes everything."""
    parts = make_parts(settings)
    pool = Pool(parts.fleet)
    api = create_api()
    _provide(api, parts, pool)
    api.router.lifespan_context = lambda _: _lifespan(parts, pool)
    gateway = Gateway(pool, parts.accounts, parts.uses, parts.traffic)
    bounded = Admission(api)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"].startswith("/serve/"):
            await gateway(scope, receive, send)
        else:
            await bounded(scope, receive, send)

    return route


def serve(settings: Settings) -> None:
    """Migrates, then serves until TERM or Ctrl-C.

    Raises ``DataDirInUse``, ``PortTaken``, ``DatabaseInUse``, ``DatabaseNewer``.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (
        claim_data_dir(settings.data_dir),
        claim_port(settings.host, settings.port) as port,
        claim_database(settings.database),
    ):
        if backup := upgrade(settings.database, backups=settings.data_dir / "backups"):
            log.info("the database was upgraded; a copy of what it was is in %s", backup)
        server = uvicorn.Server(_uvicorn_config(settings))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[port])
        _leave(0 if server.started else FAILED_TO_START)


def _uvicorn_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
        server_header=False,
    )


def _leave(code: int) -> NoReturn:
    """Ends the process at once. Threads may still be in the middle of a build, which continues at the next start from
    its last finished step; waiting for them, as the interpreter does at its end, could take minutes."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@asynccontextmanager
async def _lifespan(parts: Parts, pool: Pool) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    await anyio.to_thread.run_sync(housekeeping.settle, parts)
    await pool.recover()
    await anyio.to_thread.run_sync(_launch_workflows, parts)
    await anyio.to_thread.run_sync(parts.runner.start)
    looking = [
        asyncio.create_task(pool.run(), name="boxes"),
        asyncio.create_task(pool.run_reports(), name="predictions"),
        asyncio.create_task(housekeeping.run(parts), name="housekeeping"),
        asyncio.create_task(housekeeping.run_traffic(parts), name="traffic"),
    ]
    try:
        yield
    finally:
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        await pool.close()
        await anyio.to_thread.run_sync(parts.runner.close)
        with contextlib.suppress(Exception):
            await anyio.to_thread.run_sync(parts.traffic.flush)
        with contextlib.suppress(Exception):
            await anyio.to_thread.run_sync(durable.shutdown)
        parts.database.close()


def _provide(app: FastAPI, parts: Parts, pool: Pool) -> None:
    provide(app, Database, parts.database)
    provide(app, BlobStore, parts.blobs)  # type: ignore[type-abstract]
    provide(app, Engine, parts.engine)  # type: ignore[type-abstract]
    provide(app, Clock, parts.clock)  # type: ignore[arg-type]
    provide(app, AccountOptions, parts.accounts)
    provide(app, SignInThrottle, SignInThrottle())
    provide(app, TokenUses, parts.token_uses)
    provide(app, ContentOptions, parts.content)
    storage = StorageQuotas(parts.database, parts.usage, clock=parts.clock)
    provide(app, StorageBounds, storage)  # type: ignore[type-abstract]
    provide(app, Receiver, Receiver())
    provide(app, UploadTools, UploadTools(parts.database, parts.blobs, parts.content, parts.clock))
    provide(app, SecretBox, parts.imports.secrets)
    provide(app, RepositoryOptions, parts.repositories)
    provide(app, PictureTools, parts.pictures)
    provide(app, DatasetTools, parts.datasets)
    provide(app, PackTools, parts.packs)
    provide(app, UseLog, parts.uses)  # type: ignore[type-abstract]
    provide(app, UsageOptions, parts.usage)
    provide(app, Traffic, parts.traffic)  # type: ignore[type-abstract]
    provide(app, PushTools, parts.pushes)
    provide(app, ImportTools, parts.imports)
    provide(app, PushedImages, ImagePushes(parts.pushes))  # type: ignore[type-abstract]
    pushed = TagPushes(parts.pushes, parts.settings.url)
    provide(app, PushedRefs, pushed)  # type: ignore[type-abstract]
    provide(app, HubTools, HubTools(parts.database, parts.repositories, pushed, parts.clock))
    provide(app, BundleTools, parts.bundles)
    provide(app, ServingOptions, parts.fleet.options)
    provide(app, Pool, pool)
    provide(app, Wake, parts.wake)
    provide(app, LogTools, parts.logs)
    provide(app, OperationTools, parts.operations)
    provide(app, PromotionTools, parts.promotions)
    provide(app, ResultTools, parts.results)
    provide(app, ViewTools, parts.viewing)
    provide(app, Followers, Followers(reader(parts.database)))
    provide(app, VersionUsers, ServingUsers())  # type: ignore[type-abstract]


def _launch_workflows(parts: Parts) -> None:
    durable.provide_part(BuildTools, parts.builds)
    durable.provide_part(PackTools, parts.packs)
    durable.provide_part(EraseTools, parts.erasures)
    durable.provide_part(Database, parts.database)
    durable.provide_part(RepositoryOptions, parts.repositories)
    durable.provide_part(KeepTools, parts.keeps)
    durable.launch(
        parts.settings.database,
        data_dir=parts.settings.data_dir,
        version=WORKFLOW_VERSION,
        queues={
            tasks.QUEUE: parts.settings.builds,
            erasing.QUEUE: 1,
            item_erasing.QUEUE: 1,
            keeping.QUEUE: 1,
            upkeep.QUEUE: 1,
        },
        prompt=[tasks.QUEUE],
    )
    housekeeping.sweep(parts)


WORKFLOW_VERSION = "1"
"""Raised when workflows change so that unfinished ones of before cannot be continued."""
