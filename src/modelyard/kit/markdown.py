"""Markdown as HTML that is safe to show: no HTML of the author's passes, and what comes out is sanitised once more."""

from collections.abc import Callable
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt

TAGS = frozenset(
    """
    a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img li ol p pre s strong table tbody td th thead tr ul
    """.split()  # noqa: SIM905
)
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "code": {"class"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])

Resolve = Callable[[str], str]
"""The address of a file that is named relative to the text."""


def render_markdown(text: str, *, resolve: Resolve | None = None) -> str:
    """HTML of CommonMark with tables. Links leave without a referrer and may not be followed by robots.

    Relative addresses go through ``resolve``; without it they are left out. The text should be bounded by the caller.
    """

    def rewritten(tag: str, name: str, value: str) -> str | None:
        if name not in ("href", "src"):
            return value if name != "class" or value.startswith("language-") else None
        if not _is_relative(value):
            return value
        if value.startswith("#"):
            return value if tag == "a" else None
        return resolve(value) if resolve and not value.startswith("/") else None

    return nh3.clean(
        _markdown.render(text),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=rewritten,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow ugc",
    )


def _is_relative(address: str) -> bool:
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc
