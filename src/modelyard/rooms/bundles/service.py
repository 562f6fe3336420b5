"""Verbs on bundles: plan, open, check. A bundle is never stored; it is read from the blobs as it is sent."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.streams import END_OF_TAR, Part, PartStream, bytes_part, tar_member
from modelyard.rooms.bundles import rules
from modelyard.rooms.bundles.errors import PlatformMissing
from modelyard.rooms.bundles.ports import BundleTools
from modelyard.rooms.bundles.schemas import Bundle, BundleFacts, BundlePlan
from modelyard.rooms.bundles.texts import write_texts
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import BlobDamaged, BlobMissing
from modelyard.rooms.content.schemas import SITE
from modelyard.rooms.images import service as images
from modelyard.rooms.images.errors import ManifestMissing
from modelyard.rooms.images.schemas import ArchivedImage, ArchivedLayer, FrontImage
from modelyard.rooms.images.service import StoredImage, Supplies
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.versions import service as versions
from modelyard.rooms.versions.schemas import Version

LARGEST_TEXT = 1024**2


def plan_bundle(
    session: Session, tools: BundleTools, *, repository: Repository, number: int, platform: str | None
) -> BundlePlan:
    """What a bundle of that version is to hold; ``platform`` None: the server's own where the version has it.

    Raises ``VersionMissing``, ``VersionNotReady``, ``PlatformMissing``, ``BlobDamaged``.
    """
    version = versions.get_model_version(session, repository.id, number)
    found = _find_image(tools, version, platform)
    limits, network = versions.get_limits(session, repository.id, number)
    readme, licence = _source_texts(tools, repository, version)
    facts = BundleFacts(
        owner=repository.owner,
        name=repository.name,
        number=number,
        architecture=found.config["architecture"],
        card=version.card,
        memory_bytes=limits.memory_bytes,
        network=network,
        made_at=int(version.created_at.timestamp()),
        licence=licence,
        readme=readme,
    )
    _check_readable(session, repository.id, [found.digest, *found.layers])
    return BundlePlan(facts, images.stored_image(tools.blobs, found.digest, reference=facts.model_image))


def open_bundle(plan: BundlePlan, tools: BundleTools) -> Bundle:
    """The bundle of a plan, ready to be read. Call it outside any session: the platform's first one takes seconds.

    Raises ``FrontUnavailable`` and what ``images.ensure_front`` raises.
    """
    facts = plan.facts
    front = images.ensure_front(tools.page, python=tools.python, platform=facts.platform, supplies=tools.supplies)
    _hold_front(tools, front, f"front:{facts.platform}")
    reference = rules.front_reference(front.digest)
    both = [plan.image, images.stored_image(tools.blobs, front.digest, reference=reference)]
    return assemble_bundle(facts.file_name, write_texts(facts, front=reference), both, made_at=facts.made_at)


def assemble_bundle(
    file_name: str, texts: Sequence[tuple[str, bytes]], both: Sequence[ArchivedImage], *, made_at: int
) -> Bundle:
    """The bundle of these texts and images; nothing is read yet."""
    etag = rules.etag_of(texts, both, made_at=made_at)
    return Bundle(file_name, etag, texts, both, made_at, _stream(texts, both, made_at))


def compute_checksum(bundle: Bundle, *, supplies: Supplies) -> str:
    """The SHA-256 of the whole tar in hex. Reads all of it the first time; remembered as long as the cache is.

    Raises ``BlobDamaged`` where a layer is not what its digest says: such a tar never gets a checksum.
    """
    cache = supplies.cache
    with cache.exclusive(f"bundle-{bundle.etag}"):
        if known := cache.read("bundles", bundle.etag):
            return str(known["sha256"])
        whole = hashlib.sha256()
        for chunk in _stream(bundle.texts, [_checked(image) for image in bundle.images], bundle.made_at).read():
            whole.update(chunk)
        cache.write("bundles", bundle.etag, {"sha256": whole.hexdigest(), "size": bundle.stream.size})
        return whole.hexdigest()


def _find_image(tools: BundleTools, version: Version, asked: str | None) -> StoredImage:
    assert version.image is not None  # a ready version has one
    wanted = rules.choose_platform(asked, made_for=version.platforms, own=images.own_platform())
    architecture = wanted.partition("/")[2] if wanted else None
    try:
        found = images.find_image(tools.blobs, version.image.digest, architecture=architecture)
    except ManifestMissing as e:
        raise _no_platform(version, wanted, version.platforms) from e
    except BlobMissing as e:
        raise BlobDamaged(version.image.digest) from e
    own = f"linux/{found.config['architecture']}"
    if wanted not in (None, own):
        raise _no_platform(version, wanted, [own])
    return found


def _no_platform(version: Version, wanted: str | None, made_for: Sequence[str]) -> PlatformMissing:
    return PlatformMissing(
        f"v{version.number} has no image for {wanted}; it was made for {', '.join(made_for)}.",
        remedy="Ask for that platform, or have its owner push it for yours too.",
        field="platform",
    )


def _source_texts(tools: BundleTools, repository: Repository, version: Version) -> tuple[str | None, str | None]:
    """README and licence at the top of the version's source, as far as they are texts."""
    files = repos.list_files(tools.repositories, repository.id, revision=version.commit_id, folder="")
    texts = {f.name for f in files if f.type == "file" and not f.lfs and (f.size or 0) <= LARGEST_TEXT}

    def read(name: str | None) -> str | None:
        if name is None:
            return None
        data = repos.read_file(tools.repositories, repository.id, revision=version.commit_id, path=name)
        return data.decode("utf-8", "replace")

    readme = next((name for name in sorted(texts) if name.casefold() == "readme.md"), None)
    return read(readme), read(rules.find_licence(texts))


def _check_readable(session: Session, holder_id: UUID, digests: Iterable[str]) -> None:
    """Raises ``BlobDamaged`` for a blob that the holder has lost or that a scrub found changed."""
    for digest in digests:
        blob = content.blob_info(session, digest=digest)
        if blob is None or blob.damaged or not content.holds(session, holder_id=holder_id, digest=digest):
            raise BlobDamaged(digest)


def _hold_front(tools: BundleTools, front: FrontImage, why: str) -> None:
    """Keeps the front end's blobs for the site. The one before loses its grants; its blobs have a grace period."""
    with tools.database.read() as session:
        if all(content.holds(session, holder_id=SITE, digest=digest) for digest in front.blobs):
            _check_readable(session, SITE, front.blobs)
            return
    with tools.database.write() as session:
        content.revoke(session, holder_id=SITE, why=why)
        for digest in front.blobs:
            content.record_stored(session, store=tools.blobs, digest=digest, holder_id=SITE, why=why, clock=tools.clock)


def _stream(texts: Iterable[tuple[str, bytes]], both: Sequence[ArchivedImage], made_at: int) -> PartStream:
    return PartStream(list(_parts(texts, both, made_at)))


def _parts(texts: Iterable[tuple[str, bytes]], both: Sequence[ArchivedImage], made_at: int) -> Iterator[Part]:
    for name, data in texts:
        yield from tar_member(name, data, mtime=made_at)
    yield from images.archive_members(both)
    yield bytes_part(END_OF_TAR)


def _checked(image: ArchivedImage) -> ArchivedImage:
    return replace(image, layers=[_checked_layer(layer) for layer in image.layers])


def _checked_layer(layer: ArchivedLayer) -> ArchivedLayer:
    """The layer, which raises ``BlobDamaged`` at its end where it is not what its digest says. To be read whole."""

    def read(offset: int, length: int) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in layer.open(offset, length):
            digest.update(chunk)
            yield chunk
        if f"sha256:{digest.hexdigest()}" != layer.digest:
            raise BlobDamaged(layer.digest)

    return replace(layer, open=read)
