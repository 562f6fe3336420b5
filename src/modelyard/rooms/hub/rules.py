"""Addresses, commits and answers of Hugging Face's client, without input or output."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.hub.errors import HubRequestInvalid
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.schemas import Commit, Kind, Repository
from modelyard.rooms.repos.trees import TreeItem

KINDS = {"models": Kind.MODEL, "datasets": Kind.DATASET}
PREFIXES = {Kind.MODEL: "", Kind.DATASET: "datasets/"}
MAX_OPERATIONS = 100_000
_OID = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class HubCommit:
    """What one commit brings. ``large``: path → SHA-256 of an LFS object. ``removed`` folders end with a slash.

    ``parent``: the commit that the branch has to be at; None for any.
    """

    message: str = ""
    parent: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)


def segments(raw_path: bytes, *, skip: int) -> list[str]:
    """The parts of an address as they were sent, each decoded by itself, without the first ``skip``: a revision may
    have slashes, which the client sends as ``%2F``."""
    return [unquote(part) for part in raw_path.partition(b"?")[0].decode("latin-1").split("/")[1 + skip :]]


def parse_commit(data: bytes) -> HubCommit:
    """Reads the lines of JSON that are a commit; raises ``HubRequestInvalid``."""
    commit, lines = HubCommit(), data.splitlines()
    if len(lines) > MAX_OPERATIONS:
        raise _invalid(f"A commit has at most {MAX_OPERATIONS:,} operations.")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                _take(commit, json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
                raise _invalid(f"Line {number} of the commit cannot be understood.") from e
    return commit


def is_public(visibility: str | None, private: bool | None) -> Visibility | None:
    """What the client's two ways to say it mean; None where it says nothing."""
    if visibility is None and private is None:
        return None
    return Visibility.PUBLIC if visibility == "public" or private is False else Visibility.PRIVATE


def show_item(item: TreeItem) -> dict[str, Any]:
    """A file or folder of a listing."""
    if item.is_folder:
        return {"type": "directory", "oid": item.oid, "size": 0, "path": item.path}
    shown: dict[str, Any] = {"type": "file", "oid": item.oid, "size": item.size, "path": item.path}
    return shown | ({"lfs": show_pointer(item.pointer)} if item.pointer else {})


def show_pointer(pointer: LfsPointer) -> dict[str, Any]:
    return {"oid": pointer.oid, "size": pointer.size, "pointerSize": len(pointer.to_bytes())}


def show_sibling(item: TreeItem, *, blobs: bool) -> dict[str, Any]:
    """A file as it is listed in what is said of a repository; with ``blobs`` its size and ids too."""
    if not blobs:
        return {"rfilename": item.path}
    lfs = {"sha256": item.pointer.oid, **show_pointer(item.pointer)} if item.pointer else None
    return {"rfilename": item.path, "size": item.size, "blobId": item.oid, "lfs": lfs}


def show_repository(
    repository: Repository, *, commit: Commit | None, siblings: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What is said of a repository at a revision; ``commit`` None before the first."""
    return {
        "_id": str(repository.id),
        "id": repository.address,
        "modelId": repository.address,
        "author": repository.owner,
        "sha": commit.id if commit else None,
        "lastModified": _time(commit.at if commit else repository.updated_at),
        "createdAt": _time(repository.created_at),
        "private": repository.visibility is not Visibility.PUBLIC,
        "disabled": False,
        "gated": False,
        "downloads": repository.downloads,
        "likes": repository.stars,
        "tags": repository.tags,
        "siblings": list(siblings),
    }


def show_commit(commit: Commit) -> dict[str, Any]:
    title, _, text = commit.message.partition("\n")
    authors = [{"user": commit.author}]
    return {"id": commit.id, "title": title, "message": text.strip(), "authors": authors, "date": _time(commit.at)}


def show_refs(kind: str, found: Mapping[str, str]) -> list[dict[str, str]]:
    """``kind``: ``heads`` or ``tags``."""
    return [
        {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit} for name, commit in sorted(found.items())
    ]


def _take(commit: HubCommit, line: Mapping[str, Any]) -> None:
    key, value = line["key"], line["value"]
    if key == "header":
        text = f"{value['summary']}\n\n{value.get('description') or ''}".strip()[:20_000]
        commit.message = text.replace("\0", "").encode("utf-8", "replace").decode()
        commit.parent = value.get("parentCommit")
        return
    path = value["path"]
    if "\0" in path or not path.encode():  # raises for what is no text
        raise ValueError("a path is a text")
    if key == "file":
        commit.files[path] = _content(value)
    elif key == "lfsFile":
        if not _OID.fullmatch(value["oid"]):
            raise ValueError("an object is named by its SHA-256")
        commit.large[path] = value["oid"]
    elif key in ("deletedFile", "deletedFolder"):
        commit.removed.append(f"{path.rstrip('/')}/" if key == "deletedFolder" else path)
    else:
        raise ValueError(f"there is no operation {key!r}")


def _content(value: Mapping[str, Any]) -> bytes:
    if value.get("encoding", "utf-8") != "base64":
        return str(value["content"]).encode()
    try:
        return base64.b64decode(value["content"], validate=True)
    except binascii.Error as e:
        raise ValueError("the content is not Base64") from e


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _invalid(detail: str) -> HubRequestInvalid:
    return HubRequestInvalid(detail, remedy="Use a release of huggingface_hub that is named in the guide.")
