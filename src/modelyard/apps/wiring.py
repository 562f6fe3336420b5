"""The composition root: makes the parts of a server from its settings. Nothing else knows which adapter is used."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import modelyard_box
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.blobs.s3 import S3BlobStore, S3Options
from modelyard.adapters.debian.packages import AptPackages, can_fetch_packages
from modelyard.adapters.engines.docker import DockerEngine
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.adapters.packs.editing import ArrowIndexEditor
from modelyard.adapters.packs.fetching import HttpFetcher
from modelyard.adapters.packs.reader import ProcessPackReader
from modelyard.adapters.pictures.pillow import PillowPictures
from modelyard.adapters.pictures.previews import PillowPreviews
from modelyard.adapters.pictures.sheets import PillowSheets
from modelyard.adapters.registry.copying import NamedRegistries
from modelyard.adapters.registry.pulling import OciRegistry
from modelyard.adapters.tables.duckdb import DuckdbTables
from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.adapters.uv.wheels import UvWheels
from modelyard.apps.settings import Settings
from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.db import Database
from modelyard.kit.durable import server_id
from modelyard.kit.secrets import SecretBox
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.service import TokenUses
from modelyard.rooms.bundles.ports import BundleTools
from modelyard.rooms.content.ports import BlobStore, ContentOptions
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.experiments.promoting import PromotionTools
from modelyard.rooms.feedback.uses import Uses
from modelyard.rooms.images.layers import LayerCache
from modelyard.rooms.images.service import ImportTools, Supplies
from modelyard.rooms.operations import keeping
from modelyard.rooms.operations.keeping import KeepTools
from modelyard.rooms.operations.service import OperationTools
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos.pictures import PictureTools
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.results.looking import ResultTools
from modelyard.rooms.results.shelf import Shelf
from modelyard.rooms.runs.attempts import AttemptTools
from modelyard.rooms.runs.logs import LogTools
from modelyard.rooms.runs.ports import Engine, Isolation, Wake
from modelyard.rooms.runs.runner import Runner, RunnerOptions
from modelyard.rooms.runs.service import RunTools
from modelyard.rooms.runs.staging import StagingTools
from modelyard.rooms.serving.fleet import FleetTools
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.traffic import Traffic
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.blob_pushing import PushesOfBlobs
from modelyard.rooms.versions.erasing import EraseTools
from modelyard.rooms.versions.ports import Bounds
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.viewing.service import ViewTools
from modelyard.rooms.viewing.sheets import SheetMemory

FRONT = Path(__file__).parent / "front"
"""The page of bundles' front ends, built beside that of the site."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a server works with, made once per process."""

    settings: Settings
    database: Database
    blobs: BlobStore
    engine: Engine
    supplies: Supplies
    imports: ImportTools
    accounts: AccountOptions
    token_uses: TokenUses
    content: ContentOptions
    repositories: RepositoryOptions
    runs: RunTools
    pictures: PictureTools
    datasets: DatasetTools
    packs: PackTools
    uses: Uses
    usage: UsageOptions
    traffic: Traffic
    pushes: PushTools
    builds: BuildTools
    bundles: BundleTools
    erasures: EraseTools
    fleet: FleetTools
    runner: Runner
    wake: Wake
    logs: LogTools
    operations: OperationTools
    keeps: KeepTools
    promotions: PromotionTools
    results: ResultTools
    viewing: ViewTools
    clock: Clock


def make_parts(settings: Settings, *, clock: Clock = system_clock) -> Parts:
    """Makes the parts and the folders that they need; opens no port and starts nothing."""
    folders = _folders(settings.data_dir)
    database = Database(settings.database)
    blobs = make_store(settings)
    engine = make_engine(settings, blobs)
    supplies = make_supplies(settings, blobs)
    repositories = RepositoryOptions(
        root=folders["git"],
        max_push_bytes=settings.git_max_push_bytes,
        max_file_bytes=settings.git_max_file_bytes,
    )
    imports = ImportTools(
        NamedRegistries(settings.import_registries),
        SecretBox(settings.data_dir / "secrets.key"),
        settings.max_upload_bytes,
    )
    runs = RunTools(database, engine, blobs, folders["runs"], clock)
    datasets = DatasetTools(database, blobs, repositories, clock)
    staging = StagingTools(database, blobs, datasets, links=engine.isolation in (Isolation.VM, Isolation.NAMESPACES))
    attempts = AttemptTools(database, engine, blobs, staging, folders["runs"], clock, keeping.enqueue)
    runner = Runner(attempts, _runner(settings))
    usage = UsageOptions(settings.quotas)
    results = _results(settings, blobs, folders["scratch"])
    viewing = ViewTools(datasets, results, PillowSheets(), SheetMemory())
    pushes = PushTools(database, blobs, repositories, folders["scratch"], clock, settings.python, _bounds(settings))
    return Parts(
        settings=settings,
        database=database,
        blobs=blobs,
        engine=engine,
        supplies=supplies,
        imports=imports,
        accounts=AccountOptions(
            public_url=settings.url,
            sign_up=settings.sign_up,
            sign_up_role=settings.sign_up_role,
            require_sign_in=settings.require_sign_in,
            trusted_proxies=settings.trusted_proxies,
        ),
        token_uses=TokenUses(),
        content=ContentOptions(
            max_upload_bytes=settings.max_upload_bytes,
            upload_lifetime=settings.upload_lifetime,
            gc_grace=settings.gc_grace,
        ),
        repositories=repositories,
        runs=runs,
        pictures=PictureTools(database, blobs, PillowPictures(), folders["scratch"]),
        datasets=datasets,
        packs=PackTools(
            database,
            blobs,
            ProcessPackReader(),
            ArrowIndexEditor(),
            DuckdbTables(),
            HttpFetcher(settings.import_hosts, ca_bundle=settings.ca_bundle),
            folders["cache"] / "packs",
            clock,
            settings.max_upload_bytes,
            (viewing,),
        ),
        uses=Uses(database, clock=clock),
        usage=usage,
        traffic=Traffic(database, clock=clock),
        pushes=pushes,
        builds=BuildTools(
            database,
            blobs,
            repositories,
            supplies,
            runs,
            folders["scratch"],
            clock,
            settings.python,
            imports,
            settings.trusted_creators,
            settings.url.rstrip("/"),
        ),
        bundles=BundleTools(database, blobs, supplies, repositories, FRONT, settings.python, clock),
        erasures=EraseTools(database, repositories),
        fleet=FleetTools(database, engine, blobs, _serving(settings, folders["s"]), clock),
        runner=runner,
        wake=Wake(runner.wake),
        logs=LogTools(database, blobs, folders["runs"]),
        keeps=KeepTools(database, repositories, PushesOfBlobs(pushes), clock),
        promotions=PromotionTools(database, repositories, PushesOfBlobs(pushes), clock),
        operations=OperationTools(
            blobs=blobs,
            engine=engine,
            repositories=repositories,
            clock=clock,
            wake=runner.wake,
            usage=usage,
            bounds=_bounds(settings),
            timeout=settings.run_seconds,
            trusted_creators=settings.trusted_creators,
            require_sign_in=settings.require_sign_in,
        ),
        results=results,
        viewing=viewing,
        clock=clock,
    )


def make_store(settings: Settings) -> BlobStore:
    """The content store of the settings."""
    root = settings.data_dir / "blobs"
    if settings.store == "local":
        return LocalBlobStore(root)
    secret = settings.s3_secret_access_key
    return S3BlobStore(
        S3Options(
            bucket=settings.s3_bucket,
            prefix=settings.s3_prefix,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=secret.get_secret_value() if secret else None,
            staging=root / "staging",
        )
    )


def make_engine(settings: Settings, blobs: BlobStore) -> Engine:
    """The engine of the settings."""
    root = settings.data_dir / "engine"
    if settings.engine == "docker":
        namespace = f"modelyard-{server_id(settings.data_dir)[:12]}"  # others may use the same engine
        return DockerEngine(blobs, root, url=settings.docker_url, namespace=namespace, runtime=settings.docker_runtime)
    level = None if settings.isolation == "auto" else Isolation(settings.isolation)
    return LocalEngine(root, blobs, level=level)


def make_supplies(settings: Settings, blobs: BlobStore) -> Supplies:
    """What images are assembled from, by the settings."""
    cache = settings.data_dir / "cache"
    indexes = PackageIndexes(
        index_url=settings.index_url,
        extra_index_urls=settings.extra_index_urls,
        find_links=settings.find_links,
        ca_bundle=settings.ca_bundle,
    )
    return Supplies(
        cache=LayerCache(cache / "layers", blobs),
        wheels=UvWheels(cache / "uv", indexes),
        packages=AptPackages(cache / "apt") if can_fetch_packages() else None,
        registry=OciRegistry(),
        box=Path(modelyard_box.__file__).parent,
        base_reference=settings.base_reference,
    )


def _results(settings: Settings, blobs: BlobStore, scratch: Path) -> ResultTools:
    shelf = Shelf(settings.data_dir / "cache" / "results", keep_bytes=settings.results_keep_bytes)
    return ResultTools(blobs, DuckdbTables(), PillowPreviews(), shelf, scratch)


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        memory_bytes=settings.max_memory_bytes,
        cpus=settings.max_cpus,
        disk_bytes=settings.max_disk_bytes,
        pids=settings.max_pids,
        timeout_seconds=settings.max_check_seconds,
        network=settings.allow_network,
    )


def _runner(settings: Settings) -> RunnerOptions:
    """The embedded runner has the whole machine, but for some memory, unless the settings say otherwise."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return RunnerOptions(
        name=f"embedded-{server_id(settings.data_dir)[:12]}",
        cpus=settings.runner_cpus or float(len(os.sched_getaffinity(0))),
        memory_bytes=settings.runner_memory_bytes or memory * 3 // 4,
        labels=(*settings.runner_labels, f"arch={platform.machine()}"),
        per_account=settings.runs_per_account,
    )


def _serving(settings: Settings, sockets: Path) -> ServingOptions:
    return ServingOptions(
        sockets=sockets,
        max_replicas=settings.max_replicas,
        idle_stop=settings.idle_stop,
        keep_warm=settings.keep_warm,
        trusted_creators=settings.trusted_creators,
    )


def _folders(root: Path) -> dict[str, Path]:
    """The data folder is the server's alone; what containers must reach lies in folders that are mounted into them."""
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o711)
    folders = {name: root / name for name in ("git", "runs", "scratch", "s", "cache")}
    for name, folder in folders.items():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if name in ("runs", "s") else 0o700)
    return folders
