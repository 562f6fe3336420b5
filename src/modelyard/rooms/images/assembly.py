"""From a request to an image: lock → wheels → layers → manifest, each step from the cache where it is known."""

import platform as machine_platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from modelyard.rooms.images import manifests, rules
from modelyard.rooms.images.bases import ensure_base, resolve_system_packages, system_layer
from modelyard.rooms.images.contents import SITE, artifact_layer, box_layers, box_version, source_layer
from modelyard.rooms.images.errors import LockRefused
from modelyard.rooms.images.locks import locked_wheels
from modelyard.rooms.images.schemas import (
    AssembledImage,
    AssemblyRequest,
    BaseImage,
    LayerRef,
    Lock,
    OnStage,
    PlatformImage,
    PlatformLock,
)
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.wheel_layers import layers_of_wheels
from modelyard.rooms.images.wheels import Layout


def wanted_platforms(request: AssemblyRequest) -> list[str]:
    """The platforms to make, sorted: those asked for, else this server's own."""
    return sorted(set(request.platforms)) or [own_platform()]


def own_platform() -> str:
    """The platform of this machine, which is made where none is asked for; raises ``PlatformUnknown``."""
    return rules.platform_of_machine(machine_platform.machine())


def lock_platforms(request: AssemblyRequest, *, supplies: Supplies, on_stage: OnStage) -> Lock:
    """Resolves the request for each of its platforms, or answers the lock that it came with."""
    if request.lock is not None:
        return request.lock
    requirements = "\n".join(rules.check_requirements(request.requirements))
    locks = {}
    for platform in wanted_platforms(request):
        base = _base(request, platform, supplies, on_stage)
        on_stage("lock", f"resolving the requirements for {platform}")
        locks[platform] = _lock_platform(requirements, request, base, supplies)
    return Lock(request.python, locks)


def assemble_images(request: AssemblyRequest, *, supplies: Supplies, on_stage: OnStage) -> AssembledImage:
    """Assembles one image per platform, and an index over several. Idempotent: what was made before is found again."""
    lock = lock_platforms(request, supplies=supplies, on_stage=on_stage)
    images = tuple(_assemble(request, lock, platform, supplies, on_stage) for platform in wanted_platforms(request))
    on_stage("manifest", "writing the manifest")
    digest, media_type, size = images[0].digest, manifests.MANIFEST, 0
    blobs = _sizes(images)
    if len(images) > 1:
        stored = supplies.blobs.put([manifests.encode(manifests.index(images))])
        digest, media_type = stored.digest, manifests.INDEX
        blobs[digest] = stored.size
    size = sum(blobs.values())
    on_stage("manifest", f"{digest}, {rules.human_size(size)}")
    return AssembledImage(digest, media_type, size, images, lock, tuple(blobs))


def _base(request: AssemblyRequest, platform: str, supplies: Supplies, on_stage: OnStage) -> BaseImage:
    on_stage("base", f"Python {request.python} for {platform}")
    return ensure_base(request.python, platform, supplies=supplies)


def _lock_platform(requirements: str, request: AssemblyRequest, base: BaseImage, supplies: Supplies) -> PlatformLock:
    text = ""
    if requirements:
        text = supplies.wheels.lock(requirements, python=base.python, platform=base.platform, glibc=base.glibc)
    return PlatformLock(text, resolve_system_packages(request.system_packages, base, supplies=supplies))


def _assemble(
    request: AssemblyRequest, lock: Lock, platform: str, supplies: Supplies, on_stage: OnStage
) -> PlatformImage:
    if lock.python != request.python or platform not in lock.platforms:
        raise LockRefused(f"The lock is not for Python {request.python} on {platform}.", remedy="Resolve anew.")
    base = _base(request, platform, supplies, on_stage)
    layers = _layers(_Job(request, lock.platforms[platform], base, supplies, on_stage))
    config = manifests.image_config(request, base, layers, box_version=box_version(supplies.box))
    stored_config = supplies.blobs.put([manifests.encode(config)])
    document = manifests.manifest((stored_config.digest, stored_config.size), layers)
    stored = supplies.blobs.put([manifests.encode(document)])
    return PlatformImage(
        platform, stored.digest, stored.size, stored_config.digest, stored_config.size, config, tuple(layers)
    )


@dataclass(frozen=True, slots=True)
class _Job:
    request: AssemblyRequest
    lock: PlatformLock
    base: BaseImage
    supplies: Supplies
    on_stage: OnStage


def _layers(job: _Job) -> list[LayerRef]:
    """Base · system packages · wheels · box · source · artifact."""
    below = [*job.base.layers]
    if job.lock.system:
        job.on_stage("layers", f"{len(job.lock.system)} system packages")
        below.append(system_layer(job.lock.system, job.base, supplies=job.supplies))
    text: Callable[[str], None] = partial(job.on_stage, "wheels")
    above = box_layers(job.base, supplies=job.supplies, on_text=text)
    job.on_stage("layers", "source and artifact")
    above.append(source_layer(job.request, job.base, supplies=job.supplies))
    if job.request.artifact:
        above.append(artifact_layer(job.request.artifact, supplies=job.supplies))
    return [*below, *_wheels(job, text, rules.MAX_LAYERS - len(below) - len(above)), *above]


def _wheels(job: _Job, text: Callable[[str], None], budget: int) -> list[LayerRef]:
    wheels = locked_wheels(job.lock, job.base)
    layout = Layout(site=SITE, prefix="app", interpreter=job.base.interpreter)
    layers = layers_of_wheels(wheels, job.base, layout, supplies=job.supplies, budget=budget, on_text=text)
    text(f"{len(wheels)} wheels in {len(layers)} layers")
    return layers


def _sizes(images: tuple[PlatformImage, ...]) -> dict[str, int]:
    """Every blob of the images, once, with its size."""
    sizes: dict[str, int] = {}
    for image in images:
        sizes |= {image.digest: image.size, image.config_digest: image.config_size}
        sizes |= {layer.digest: layer.size for layer in image.layers}
    return sizes
