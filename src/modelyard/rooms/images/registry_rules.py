"""Decisions of the registry's write side: tags, chunks, who counts as a reader."""

import re
from dataclasses import replace

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.images import errors

TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
VERSION_TAG = re.compile(r"v\d+", re.ASCII)


def is_version_tag(tag: str) -> bool:
    """Whether only the platform writes this tag: ``v1``, ``v2``, …"""
    return VERSION_TAG.fullmatch(tag) is not None


def check_tag(tag: str) -> None:
    """Raises ``TagRefused`` for what is no tag (distribution-spec 1.1) and ``TagReserved`` for a version's."""
    if not TAG.fullmatch(tag):
        raise errors.TagRefused(f"{tag!r} is not a tag.", remedy="Use letters, digits, '_', '.' and '-'.", field="tag")
    if is_version_tag(tag):
        raise errors.TagReserved(
            f"{tag} is written by the platform when a version is ready.", remedy="Push another tag, such as latest."
        )


def manifest_reason(digest: str) -> str:
    """The ``why`` of the grants by which a manifest keeps itself and its parts."""
    return f"manifest:{digest}"


def parse_content_range(value: str | None) -> tuple[int, int] | None:
    """First and last byte of a chunk, as registry clients write them (``0-99``, or ``bytes 0-99/*``); None for none.

    Raises ``ChunkRefused`` for anything else.
    """
    if value is None:
        return None
    match = re.fullmatch(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?", value.strip(), re.ASCII)
    if match is None or int(match[2]) < int(match[1]):
        raise errors.ChunkRefused(
            f"{value!r} is not a range of bytes.", remedy="Write it as 0-99.", field="Content-Range"
        )
    return int(match[1]), int(match[2])


def without_limit(principal: Principal) -> Principal:
    """The account itself, where a token for one repository stands for it."""
    return replace(principal, only_repository=None)
