"""The card in a README: front matter with the fields, then the text."""

import re
from collections.abc import Iterable
from typing import Any

from modelyard.rooms.sources.config import CARD_KEYS, read_card
from modelyard.rooms.sources.errors import ConfigInvalid
from modelyard.rooms.sources.schemas import Card
from modelyard.rooms.sources.texts import dump_yaml, parse_yaml

README = "README.md"
MAX_README_BYTES = 1024**2
MAX_TEXT = 100_000
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def find_readme(paths: Iterable[str]) -> str | None:
    """The README at the top of a source, however its name is written; None where there is none."""
    return next((path for path in sorted(paths) if path.casefold() == README.casefold()), None)


def read_readme(data: bytes) -> tuple[Card, tuple[str, ...]]:
    """The card of a README, and notes on what could not be used.

    A README is the author's own text and is never refused: keys that a card does not have (other platforms use them)
    are passed over, a field of the wrong kind is left out with a note.
    """
    text = data[:MAX_README_BYTES].decode("utf-8-sig", "replace").replace("\r\n", "\n")
    match = FRONT_MATTER.match(text)
    body = (text[match.end() :] if match else text).strip()[:MAX_TEXT]
    fields, notes = _read_front_matter(match[1]) if match else ({}, [])
    card, more = read_card_fields(fields)
    return card.model_copy(update={"text": body}), (*notes, *more)


def read_card_fields(fields: dict[str, Any]) -> tuple[Card, list[str]]:
    """A card of those fields that can be used, and notes on the others."""
    notes, kept = [], {}
    for key, value in fields.items():
        try:
            read_card({key: value}, field=f"/{README}")
            kept[key] = value
        except ConfigInvalid as e:
            notes.append(f"A field of {README} is left out: {e.detail}")
    return read_card(kept, field=f"/{README}"), notes


def write_readme(card: Card, *, subject: str) -> str:
    """A README that says what the card says; ``read_readme`` gives the fields back. ``subject`` is what predicts,
    for a card without a text."""
    fields = {key: value for key, value in card.to_json().items() if key != "text"}
    front = f"---\n{dump_yaml(fields)}---\n" if fields else ""
    if card.text:
        return f"{front}{card.text}\n"
    heading = card.title or "Model card"
    return f"{front}# {heading}\n\n{card.description or f'Predicts with `{subject}`.'}\n"


def merge_cards(manifest: dict[str, Any], readme: Card) -> Card:
    """The card of a push: what the manifest says stands over what the README says."""
    upper = read_card(manifest, field="/card")
    return readme.model_copy(update={name: getattr(upper, name) for name in upper.to_json()})


def _read_front_matter(text: str) -> tuple[dict[str, Any], list[str]]:
    try:
        fields = parse_yaml(text)
    except ConfigInvalid as e:
        return {}, [f"The front matter of {README} is left out: {e.detail}"]
    if not isinstance(fields, dict):
        return {}, []
    return {key: value for key, value in fields.items() if key in CARD_KEYS}, []
