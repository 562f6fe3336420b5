"""A pushed image becomes a version: a commit that says what it is, then a build that makes it ready for engines."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.images import service as images
from modelyard.rooms.images.service import ImageFacts
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.sources import service as sources
from modelyard.rooms.sources.schemas import Card
from modelyard.rooms.versions import pushing, rules, store
from modelyard.rooms.versions.pushing import PushTools

NO_SIGNATURE: dict[str, Any] = {}
README, IMAGE = "README.md", "image.json"
NETWORK = "io.modelyard.network"
NO_NETWORK = "The image asks for a network, which versions do not get on this site."


@dataclass(frozen=True, slots=True)
class ImagePushes:
    """Implements ``images.ports.PushedImages``."""

    tools: PushTools

    def pushed(self, principal: Principal, repository: Repository, *, digest: str, tag: str) -> None:
        if self._is_known(repository, digest):
            return
        facts = images.read_facts(self.tools.blobs, digest)
        card, notes = sources.read_labels(facts.labels)
        commit_id = self._commit(principal, repository, facts, card, tag)
        values = {
            "commit_id": commit_id,
            "message": f"Image {tag}",
            "platforms": rules.known_platforms(facts.platforms),
            "signature": NO_SIGNATURE,
            "card": card.to_json(),
            "project": _project(facts, tag, list(notes), may_network=self.tools.bounds.network),
            "image_digest": digest,
            "image_size": facts.size,
        }
        with self.tools.database.write() as session:
            repos.require_present(session, repository.id)
            if store.has_image(session, repository.id, digest):  # somebody pushed it at the same time
                return
            repos.describe_from_card(session, repository.id, card.to_json(), clock=self.tools.clock)
            pushing.insert_version(session, self.tools, principal=principal, repository=repository, values=values)

    def _is_known(self, repository: Repository, digest: str) -> bool:
        with self.tools.database.read() as session:
            return store.has_image(session, repository.id, digest)

    def _commit(self, principal: Principal, repository: Repository, facts: ImageFacts, card: Card, tag: str) -> str:
        with pushing.workdir(self.tools.scratch) as folder:
            tree = folder / "tree"
            tree.mkdir()
            _write_tree(tree, facts, card, tag)
            return pushing.commit_tree(self.tools, principal, repository, tree, message=f"Image {tag}")


def _write_tree(tree: Path, facts: ImageFacts, card: Card, tag: str) -> None:
    (tree / README).write_text(sources.write_readme(card, subject=tag), encoding="utf-8", errors="replace")
    described = {
        "digest": facts.digest,
        "tag": tag,
        "platforms": list(facts.platforms),
        "size": facts.size,
        "labels": dict(facts.labels),
    }
    text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False)
    (tree / IMAGE).write_text(f"{text}\n", encoding="utf-8", errors="replace")


def _project(facts: ImageFacts, tag: str, notes: list[str], *, may_network: bool) -> dict[str, Any]:
    project: dict[str, Any] = {"pushed_image": {"tag": tag}, "notes": notes}
    if facts.labels.get(NETWORK) == "true":
        if may_network:
            project["resources"] = {"network": True}
        else:
            notes.append(NO_NETWORK)
    return project
