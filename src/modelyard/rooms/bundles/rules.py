"""Pure decisions on bundles: which platform, what the front end is called, what changes an ETag."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from modelyard.rooms.images.schemas import ArchivedImage

FORMAT = 1
"""Part of every ETag: raise it when the same version and front end are to give other bytes."""
LICENCE_NAMES = ("license", "licence", "copying", "unlicense")


def choose_platform(asked: str | None, *, made_for: Sequence[str], own: str) -> str | None:
    """The platform asked for, else the server's own where the version has it, else its first; None: its only one."""
    if asked:
        return asked
    if not made_for:
        return None
    return own if own in made_for else made_for[0]


def front_reference(digest: str) -> str:
    """The front end's name on the engine; another front end has another name."""
    return f"localhost/modelyard-front:{digest.removeprefix('sha256:')[:12]}"


def find_licence(names: Iterable[str]) -> str | None:
    """The file at the top of a source that holds its licence; None where none is named so."""
    return next((name for name in sorted(names) if name.casefold().partition(".")[0] in LICENCE_NAMES), None)


def etag_of(texts: Iterable[tuple[str, bytes]], images: Iterable[ArchivedImage], *, made_at: int) -> str:
    """A name for the bytes of a bundle: everything that they are made from is in it."""
    recipe = {
        "format": FORMAT,
        "made_at": made_at,
        "texts": [(name, hashlib.sha256(data).hexdigest()) for name, data in texts],
        "images": [(image.reference, image.config_name, [layer.digest for layer in image.layers]) for image in images],
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:40]
