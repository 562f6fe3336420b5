"""Words, labels and the figures that search sorts by."""

import math
import re
import unicodedata
from uuid import UUID

from modelyard.kit.fulltext import Term
from modelyard.rooms.search.schemas import Wanted

WORD = re.compile(r"[^\W_]+")
WORD_LENGTH = 60
WORDS_ASKED = 12
TEXT_LENGTH = 20_000
"""Characters of description and card that are indexed."""

NAME, TITLE, TEXT, LABELS = "name", "title", "text", "labels"
LEVELS = ((NAME,), (NAME, TITLE), (NAME, TITLE, TEXT))
"""Where all words are found, from the most relevant on; each level holds the one before."""

MEAN_RATING = 3.0
RATINGS_ASSUMED = 5
"""A rating is believed as if five accounts had given the mean before: one five does not beat twenty fours."""


def words(text: str) -> list[str]:
    """The words of a text as they are indexed: lower case, no accents, nothing but letters and digits."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return [word[:WORD_LENGTH] for word in WORD.findall(plain)]


def indexed(*texts: str) -> str:
    """Texts as one column of the index."""
    return " ".join(word for text in texts for word in words(text[:TEXT_LENGTH]))


def label(facet: str, value: str) -> str:
    """A label as one word of the index, which no text can hold: its value is written in hexadecimal."""
    return f"{facet}0{value.casefold().encode().hex()}"


def owner_label(owner_id: UUID) -> str:
    return f"owner0{owner_id.hex}"


def terms_of_labels(wanted: Wanted) -> list[Term]:
    """The filters as terms of the full-text query."""
    asked = [label("kind", wanted.kind)] if wanted.kind else []
    asked += [label("visibility", wanted.visibility)] if wanted.visibility else []
    asked += [owner_label(wanted.owner_id)] if wanted.owner_id else []
    asked += [label("tag", tag) for tag in wanted.tags]
    asked += [label("data", kind) for kind in wanted.data_types]
    return [Term(word, (LABELS,)) for word in asked]


def terms_of_text(text: str, fields: tuple[str, ...]) -> list[Term]:
    """All words in these fields; the last one may be the beginning of a word, unless a space ends it.

    A single letter at the end of several words is left out: it says next to nothing, and more is about to follow.
    """
    asked = words(text)[:WORDS_ASKED]
    if len(asked) > 1 and len(asked[-1]) == 1 and not text[-1].isspace():
        asked.pop()
        return [Term(word, fields) for word in asked]
    is_open = not text[-1:].isspace()
    return [Term(word, fields, is_prefix=is_open and i == len(asked) - 1) for i, word in enumerate(asked)]


def score(rating: float | None, ratings: int) -> int:
    """What ratings are sorted by, in thousandths: the mean, drawn to the middle where few gave one; 0 for none."""
    if rating is None or not ratings:
        return 0
    believed = (rating * ratings + MEAN_RATING * RATINGS_ASSUMED) / (ratings + RATINGS_ASSUMED)
    return round(believed * 1000)


def quality(*, stars: int, downloads: int, score: int) -> int:
    """What equally relevant repositories are sorted by: rating, stars and downloads, the latter by their magnitude."""
    liked = 1000 * math.log2(1 + stars) + 500 * math.log2(1 + downloads)
    return round(liked + (score - MEAN_RATING * 1000 if score else 0))
