"""The card of a version: which of its fields are filled, what to fill next, and its text as safe HTML."""

from collections.abc import Mapping
from posixpath import normpath
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from modelyard.kit.markdown import render_markdown
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.sources.schemas import Card
from modelyard.rooms.versions.schemas import CardField, ShownCard

FIELDS = {
    Kind.MODEL: (
        "title",
        "description",
        "purpose",
        "outcome",
        "output",
        "action",
        "target_population",
        "time_of_prediction",
        "input_source",
        "input_type",
        "training_details",
        "model_type",
        "version_control",
        "license",
        "release_terms",
        "example",
        "text",
    ),
    Kind.OPERATION: (
        "title",
        "description",
        "purpose",
        "input_type",
        "output",
        "version_control",
        "license",
        "release_terms",
        "text",
    ),
    Kind.DATASET: (
        "title",
        "description",
        "purpose",
        "target_population",
        "input_source",
        "input_type",
        "version_control",
        "license",
        "release_terms",
        "text",
    ),
}
"""What reviewers ask for, in the order in which it should be filled in."""
LABELS = {"text": "README", "action": "What it triggers", "license": "Licence"}
ABOUT_DATA = {
    "title": "A short name for people.",
    "description": "One or two sentences: what the data are.",
    "purpose": "What they are for, and what they are not for.",
    "target_population": "Whom or what they describe.",
    "input_source": "Where they come from, and how they were collected.",
    "input_type": "What kind of data they are.",
    "text": "The README's text: how to read the files.",
}


def show_card(repository: Repository, *, number: int, card: Mapping[str, Any]) -> ShownCard:
    """The card with its completeness. Relative links in the text lead to the version's own files."""
    names = FIELDS.get(repository.kind, FIELDS[Kind.MODEL])
    fields = [_field(repository.kind, name, card.get(name)) for name in names]
    filled = sum(field.is_filled for field in fields)
    return ShownCard(
        fields=fields,
        filled=filled,
        total=len(fields),
        share=round(filled / len(fields), 4),
        next=next((field.name for field in fields if not field.is_filled), None),
        tags=list(card.get("tags", ())),
        text=card.get("text", ""),
        html=render_markdown(card.get("text", ""), resolve=lambda path: _file_url(repository, number, path)),
    )


def _field(kind: Kind, name: str, value: Any) -> CardField:
    about = Card.model_fields[name].description or "The README's text."
    if kind is Kind.DATASET:
        about = ABOUT_DATA.get(name, about)
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    return CardField(
        name=name, label=label, about=about, value=value if name != "text" else None, is_filled=bool(value)
    )


def _file_url(repository: Repository, number: int, address: str) -> str:
    """The version's own file; one that leads out of it is looked for at its top, where it will not be found."""
    path = normpath("/" + urlsplit(address).path).lstrip("/")
    query = urlencode({"path": path, "revision": f"v{number}"}, quote_via=quote)
    return f"/api/v1/repos/{repository.address}/raw?{query}"
