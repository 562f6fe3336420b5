"""The build of a pushed image: its layers are unpacked for engines, its form is read. Nothing of it runs."""

from collections.abc import Mapping
from typing import Any

from modelyard.rooms.content import service as content
from modelyard.rooms.images import service as images
from modelyard.rooms.repos import service as repos
from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.schemas import PERMISSIVE_INPUTS, Signature
from modelyard.rooms.versions import building, rules, store
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.errors import BuildOutdated, LabelRefused
from modelyard.rooms.versions.reporting import Reporter
from modelyard.rooms.versions.schemas import Operation, OperationKind, Origin

SCHEMA_LABEL, SCHEMA_FILE = "io.modelyard.schema", "modelyard/schema.json"
COG_LABEL = "run.cog.openapi_schema"
KIND_LABEL, OPTIONS_LABEL = "io.modelyard.kind", "io.modelyard.options"
MAX_SCHEMA_BYTES = 256 * 1024
NO_FORM = (
    "The image describes no inputs and parameters, so it runs without any. To give it a form, add the label "
    f"{SCHEMA_LABEL} or the file /{SCHEMA_FILE}."
)


def import_image(tools: BuildTools, build: Build) -> None:
    """Unpacks the image and shows it under the version's tag. May be repeated: what was unpacked is found again."""
    digest = _required(build)
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("import", "reading the image")
    if source := build.project["pushed_image"].get("source"):
        images.copy_image(_copy(tools, build, source), on_text=lambda text: reporter.say("import", text))
    found = images.unpack_image(digest, supplies=tools.supplies, on_stage=reporter.say)
    reporter.finish()
    config = found.document.config
    assert config is not None  # an image has one
    parts = content.find_stored(tools.blobs, {digest, found.digest, config.digest, *found.diff_ids})
    with tools.database.write() as session:
        images.record_imported(
            session,
            digest=digest,
            parts=parts,
            repository_id=build.repository_id,
            tag=f"v{build.number}",
            clock=tools.clock,
        )
        building.require_current(session, build)
    content.require_held(tools.blobs, [part.digest for part in parts])


def check_image(tools: BuildTools, build: Build) -> None:
    """Reads the form from the image. Raises ``SchemaRefused``, ``LabelRefused``, ``LayerBroken``, ``ImageInvalid``."""
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("check", "reading the description")
    image = images.find_image(tools.blobs, _required(build))
    labels = images.labels_of(image.config)
    file = images.find_file(tools.blobs, tuple(image.layers), SCHEMA_FILE, limit=MAX_SCHEMA_BYTES)
    signature, origin = _signature(labels, file)
    operation = Operation(kind=_kind(labels), origin=origin, options=labels.get(OPTIONS_LABEL) == "true")
    with tools.database.write() as session:
        building.record_operation(
            session, build, signature=signature.to_json(), operation=operation.model_dump(mode="json")
        )
        if store.latest_numbers(session, [build.repository_id])[build.repository_id] == build.number:
            kinds = rules.data_types_of(signature.to_json())
            repos.describe_data(session, build.repository_id, data_types=kinds)
    reporter.finish()


def _copy(tools: BuildTools, build: Build, source: str) -> images.Copy:
    """How the image of another registry is fetched: with the sign-in of whoever asked for it."""
    imports = tools.imports
    login = None
    if build.pushed_by is not None:
        with tools.database.read() as session:
            login = images.login_for(session, account_id=build.pushed_by, reference=source, secrets=imports.secrets)
    return images.Copy(
        database=tools.database,
        blobs=tools.blobs,
        remotes=imports.remotes,
        clock=tools.clock,
        repository_id=build.repository_id,
        reference=source,
        login=login,
        max_bytes=imports.max_bytes,
    )


def _signature(labels: Mapping[str, str], file: bytes | None) -> tuple[Signature, Origin]:
    """The form, from the first of label, file and Cog's label."""
    if SCHEMA_LABEL in labels:
        return signatures.read_published(labels[SCHEMA_LABEL]), Origin.IMAGE
    if file is not None:
        return signatures.read_published(file.decode("utf-8", "replace")), Origin.IMAGE
    if COG_LABEL in labels:
        return signatures.read_cog(labels[COG_LABEL]), Origin.COG
    nothing: dict[str, Any] = {**PERMISSIVE_INPUTS, "additionalProperties": False}
    return Signature(nothing, {}, notes=(NO_FORM,)), Origin.IMAGE


def _kind(labels: Mapping[str, str]) -> OperationKind:
    said = labels.get(KIND_LABEL, OperationKind.OPERATION.value)
    if said not in [kind.value for kind in OperationKind]:
        known = ", ".join(OperationKind)
        raise LabelRefused(f"The label {KIND_LABEL} is {said[:100]!r}, not one of {known}.", remedy=f"Write {known}.")
    return OperationKind(said)


def _required(build: Build) -> str:
    if build.image_digest is None:
        raise BuildOutdated
    return build.image_digest
