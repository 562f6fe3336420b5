"""The card in a README."""

from modelyard.rooms.sources.card import merge_cards, read_readme, write_readme
from modelyard.rooms.sources.schemas import Card


def test_front_matter_and_text():
    card, notes = read_readme(b"---\ntitle: T\r\ntags: [a, b]\nlicense: mit\nlanguage: en\n---\n# Hello\r\n\ntext\n")
    assert (card.title, card.tags, card.license, card.text) == ("T", ("a", "b"), "mit", "# Hello\n\ntext")
    assert notes == ()


def test_no_front_matter():
    card, notes = read_readme("# Only text\n---\nmore".encode("utf-8-sig"))
    assert card == Card(text="# Only text\n---\nmore")
    assert notes == ()
    assert read_readme(b"") == (Card(), ())


def test_what_cannot_be_used_is_noted_and_the_rest_kept():
    card, notes = read_readme(b"---\ntitle: [1]\npurpose: p\n---\ntext")
    assert (card.title, card.purpose, card.text) == ("", "p", "text")
    assert "/README.md/title" in notes[0] or "README.md/title" in notes[0]
    card, notes = read_readme(b"---\ntitle: [1\n---\ntext")
    assert (card.title, card.text) == ("", "text")
    assert "line" in notes[0]


def test_a_rule_at_the_top_is_no_front_matter():
    card, notes = read_readme(b"---\njust a text\n---\nmore")
    assert card.text == "more"
    assert notes == ()
    assert read_readme(b"--- \nnever closed")[0].text == "---\u0020\nnever closed"


def test_text_that_is_not_utf8_is_kept_readable():
    assert read_readme(b"caf\xe9")[0].text == "caf\ufffd"


def test_written_readme_reads_back():
    card = Card(title="T: #1", description="Two\nlines", tags=("x",), example={"a": [1.5, None]}, purpose="  a\n---\nb")
    text = write_readme(card, subject="m:f")
    back, notes = read_readme(text.encode())
    assert back.to_json() | {"text": ""} == card.to_json() | {"text": ""}
    assert notes == ()
    assert "# T: #1" in back.text


def test_readme_of_an_empty_card():
    text = write_readme(Card(), subject="m:f")
    assert text == "# Model card\n\nPredicts with `m:f`.\n"


def test_manifest_stands_over_the_readme():
    merged = merge_cards({"title": "M", "tags": ["m"]}, Card(title="R", purpose="p", text="t"))
    assert merged == Card(title="M", tags=("m",), purpose="p", text="t")
