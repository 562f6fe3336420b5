"""A pushed image becomes a version: a commit that says what it is, then a build that makes it ready for engines."""

import contextlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.images import service as images
from modelyard.rooms.images.service import ImageFacts, ImportTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.sources import service as sources
from modelyard.rooms.sources.schemas import Card
from modelyard.rooms.versions import committing, pushing, rules, store
from modelyard.rooms.versions.errors import ImageKnown, NotAnOperation
from modelyard.rooms.versions.pushing import PushTools
from modelyard.rooms.versions.schemas import Version

NO_SIGNATURE: dict[str, Any] = {}
README, IMAGE = "README.md", "image.json"
NETWORK = "io.modelyard.network"
NO_NETWORK = "The image asks for a network, which versions do not get on this site."


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image that was looked at and committed, but is not a version yet. ``source`` names one of another registry by
    its digest, None for one that was pushed."""

    facts: ImageFacts
    card: Card
    notes: tuple[str, ...]
    name: str
    commit_id: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ImagePushes:
    """Implements ``images.ports.PushedImages``."""

    tools: PushTools

    def pushed(self, principal: Principal, repository: Repository, *, digest: str, tag: str) -> None:
        with self.tools.database.read() as session:
            if store.has_image(session, repository.id, digest):
                return
        facts = images.read_facts(self.tools.blobs, digest)
        prepared = _prepare(self.tools, principal, repository, facts, tag)
        with self.tools.database.write() as session, contextlib.suppress(ImageKnown):  # pushed at the same time
            record_image(session, self.tools, principal=principal, repository=repository, push=prepared)


def prepare_import(
    tools: PushTools, imports: ImportTools, *, principal: Principal, repository: Repository, reference: str
) -> PreparedImage:
    """Looks at an image of another registry and commits what it says of itself. Slow: call it outside any transaction.

    Raises ``NotAnOperation``, and what ``images.look`` raises.
    """
    if repository.kind is not Kind.OPERATION:
        raise NotAnOperation(
            f"{repository.address} is of kind {repository.kind}.", remedy="Import into a repository of kind operation."
        )
    with tools.database.read() as session:
        login = images.login_for(session, account_id=own_id(principal), reference=reference, secrets=imports.secrets)
    facts = images.look(imports.remotes, reference, login=login)
    source = f"{images.without_tag(reference)}@{facts.digest}"
    return replace(_prepare(tools, principal, repository, facts, reference), source=source)


def record_image(
    session: Session, tools: PushTools, *, principal: Principal, repository: Repository, push: PreparedImage
) -> Version:
    """Reserves the next number and queues the import, which starts after the commit. Raises ``ImageKnown``."""
    repos.require_present(session, repository.id)
    if store.has_image(session, repository.id, push.facts.digest):
        raise ImageKnown(
            f"{push.facts.digest} is a version already.", remedy="See the list of versions.", field="image"
        )
    card = push.card.to_json()
    repos.describe_from_card(session, repository.id, card, clock=tools.clock)
    values = {
        "commit_id": push.commit_id,
        "message": f"Image {push.name}"[:2000],
        "platforms": rules.known_platforms(push.facts.platforms),
        "signature": NO_SIGNATURE,
        "card": card,
        "project": _project(push, may_network=tools.bounds.network),
        "image_digest": push.facts.digest,
        "image_size": push.facts.size,
    }
    return pushing.insert_version(session, tools, principal=principal, repository=repository, values=values)


def _prepare(
    tools: PushTools, principal: Principal, repository: Repository, facts: ImageFacts, name: str
) -> PreparedImage:
    card, notes = sources.read_labels(facts.labels)
    with committing.workdir(tools.scratch) as folder:
        tree = folder / "tree"
        tree.mkdir()
        _write_tree(tree, facts, card, name)
        commit_id = pushing.commit_tree(tools, principal, repository, tree, message=f"Image {name}")
    return PreparedImage(facts, card, notes, name, commit_id)


def _write_tree(tree: Path, facts: ImageFacts, card: Card, name: str) -> None:
    (tree / README).write_text(sources.write_readme(card, subject=name), encoding="utf-8", errors="replace")
    described = {
        "digest": facts.digest,
        "name": name,
        "platforms": list(facts.platforms),
        "size": facts.size,
        "labels": dict(facts.labels),
    }
    text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False)
    (tree / IMAGE).write_text(f"{text}\n", encoding="utf-8", errors="replace")


def _project(push: PreparedImage, *, may_network: bool) -> dict[str, Any]:
    notes = list(push.notes)
    project: dict[str, Any] = {"pushed_image": {"name": push.name, "source": push.source}, "notes": notes}
    if push.facts.labels.get(NETWORK) == "true":
        if may_network:
            project["resources"] = {"network": True}
        else:
            notes.append(NO_NETWORK)
    return project
