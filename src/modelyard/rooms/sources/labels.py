"""The card of an image that was made elsewhere, from its OCI labels (image-spec, "Pre-Defined Annotation Keys")."""

from collections.abc import Mapping

from modelyard.rooms.sources.card import read_card_fields
from modelyard.rooms.sources.schemas import Card

OCI = "org.opencontainers.image."
FIELDS = {"title": "title", "description": "description", "licenses": "license", "source": "version_control"}
SAID = {"authors": "Authors", "vendor": "Vendor", "version": "Version", "url": "More", "documentation": "Documentation"}
MAX_LINE = 1000


def read_labels(labels: Mapping[str, str]) -> tuple[Card, tuple[str, ...]]:
    """The card, and notes on labels that could not be used. What a card has no field for stands in its text."""
    said = {field: labels[OCI + name] for name, field in FIELDS.items() if labels.get(OCI + name)}
    card, notes = read_card_fields(said)
    return card.model_copy(update={"text": _text(card, labels)}), tuple(notes)


def _text(card: Card, labels: Mapping[str, str]) -> str:
    lines = [
        f"- {word}: {_line(labels[OCI + name])}" for name, word in SAID.items() if labels.get(OCI + name, "").strip()
    ]
    parts = [f"# {card.title or 'A container image'}", card.description, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part)


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:MAX_LINE]
