"""What is found, by whom and in which order; the same on both databases."""

from pathlib import Path

import pytest

from modelyard.kit import fulltext
from modelyard.kit.db import Database
from modelyard.kit.paging import BadCursor, encode_cursor
from modelyard.rooms.accounts.schemas import ANONYMOUS, Role
from modelyard.rooms.repos import service
from modelyard.rooms.repos.schemas import RepositoryChange
from modelyard.rooms.search import service as search
from modelyard.rooms.search.schemas import Sort, Wanted
from rooms.search.shelf import Shelf

SORTS = ["relevance", "recent", "stars", "downloads", "rating"]


@pytest.fixture
def shelf(db: Database, tmp_path: Path) -> Shelf:
    return Shelf(db, tmp_path / "git")


def test_words_are_found_wherever_they_stand(shelf: Shelf) -> None:
    shelf.make("ada/digits", title="Handwritten numerals")
    shelf.make("ada/prices", description="What houses cost in Zürich", tags=["Tabular"])
    shelf.make("bob/x-ray", card={"purpose": "Finds fractures.", "text": "Trained in Aarhus"})
    assert shelf.find("numerals") == ["digits"]
    assert shelf.find("HOUSES zurich") == ["prices"]
    assert shelf.find("tabular") == ["prices"]
    assert shelf.find("fractures aarhus") == ["x-ray"]
    assert shelf.find("bob") == ["x-ray"]
    assert shelf.find("x-ray") == ["x-ray"]
    assert shelf.find("digits prices") == []
    assert shelf.find("nowhere") == []


def test_the_last_word_may_be_cut_unless_a_space_ends_it(shelf: Shelf) -> None:
    shelf.make("ada/classifier", title="Segmentation of images")
    assert shelf.find("segm") == ["classifier"]
    assert shelf.find("images segm") == ["classifier"]
    assert shelf.find("segm images") == []
    assert shelf.find("segm ") == []
    assert shelf.find("images s") == ["classifier"]
    assert shelf.find("c") == ["classifier"]


@pytest.mark.parametrize(
    "text", ['"', "'", "a OR b", "--", "*", "a*b", "(", "name:a", "&|!", "\\", "%", "{a} : b", "NEAR(a b)"]
)
def test_no_character_means_anything(shelf: Shelf, text: str) -> None:
    shelf.make("ada/plain", title="Nothing special")
    assert shelf.find(text) == []
    has_letters = any(c.isalnum() for c in text)
    assert shelf.find(f"special {text}") == ([] if has_letters else ["plain"])


@pytest.mark.parametrize("at", ["2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "x"])
def test_a_cursor_holds_a_time_that_can_be(shelf: Shelf, at: str) -> None:
    with shelf.database.read() as session, pytest.raises(BadCursor):
        search.find(
            session,
            principal=ANONYMOUS,
            require_sign_in=False,
            wanted=Wanted(),
            sort=Sort.RECENT,
            cursor=encode_cursor("recent", at, 1),
            limit=5,
        )


def test_relevance_goes_by_where_then_by_what_people_think(shelf: Shelf) -> None:
    shelf.make("ada/about", description="iris flowers")
    shelf.make("ada/loved", description="iris flowers")
    shelf.make("ada/tagged", tags=["iris"])
    shelf.make("ada/iris")
    shelf.star("ada/loved", "bob", "eve")
    assert shelf.find("iris") == ["iris", "tagged", "loved", "about"]
    assert [*shelf.pages("iris", size=1)] == [["iris"], ["tagged"], ["loved"], ["about"]]
    assert [*shelf.pages("iris", size=3)] == [["iris", "tagged", "loved"], ["about"]]


def test_each_order(shelf: Shelf) -> None:
    names = ["one", "two", "three"]
    made = {name: shelf.make(f"ada/{name}") for name in names}
    shelf.star("ada/two", "bob", "eve")
    shelf.star("ada/three", "bob")
    with shelf.database.write() as session:
        service.count_download(session, made["three"].id)
        service.set_rating(session, made["one"].id, rating=4.0, ratings=50)
        service.set_rating(session, made["two"].id, rating=5.0, ratings=1)
    assert shelf.find(sort="stars") == ["two", "three", "one"]
    assert shelf.find(sort="downloads")[0] == "three"
    assert shelf.find(sort="rating") == ["one", "two", "three"]
    assert shelf.find(sort="recent") == shelf.find() == ["three", "two", "one"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("text", ["", "common"])
def test_pages_are_stable_while_others_come_and_go(shelf: Shelf, sort: str, text: str) -> None:
    for i in range(8):
        shelf.make(f"ada/r{i}", title="common" if i % 2 else "", description="common")
    whole = shelf.find(text, sort=sort)
    assert sorted(whole) == [f"r{i}" for i in range(8)]
    pages = shelf.pages(text, sort=sort, size=3)
    seen = next(pages)
    shelf.make("ada/late", title="common")
    for page in pages:
        seen += page
    assert [name for name in seen if name != "late"] == whole


@pytest.mark.parametrize("text", ["", "secret"])
@pytest.mark.parametrize("sort", SORTS)
def test_everybody_finds_what_they_may_read(shelf: Shelf, text: str, sort: str) -> None:
    for visibility in ("private", "internal", "public"):
        shelf.make(f"ada/{visibility}", title="secret", visibility=visibility)
    eve, root = shelf.person("eve"), shelf.person("ruth", Role.ADMINISTRATOR)
    assert shelf.find(text, sort=sort) == ["public"]
    assert set(shelf.find(text, sort=sort, who=eve)) == {"public", "internal"}
    assert set(shelf.find(text, sort=sort, who=shelf.person("ada"))) == {"public", "internal", "private"}
    assert len(shelf.find(text, sort=sort, who=root)) == 3
    assert [shelf.facets(text, who=who).total for who in (eve, root)] == [2, 3]
    assert shelf.facets(text).visibilities[0].model_dump() == {"value": "public", "count": 1}


def test_of_very_much_a_part_is_counted(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two", "three"):
        shelf.make(f"ada/{name}", title="word")
    assert (shelf.facets("word").total, shelf.facets("word").is_whole) == (3, True)
    monkeypatch.setattr(search, "FACET_ENTRIES", 2)
    assert (shelf.facets("word").total, shelf.facets("word").is_whole) == (2, False)
    assert (shelf.facets().total, shelf.facets().is_whole) == (2, False)


def test_filters_go_together_and_facets_count_the_same(shelf: Shelf) -> None:
    shelf.make("ada/a", kind="dataset", tags=["Vision", "small"], data=("image",))
    shelf.make("ada/b", tags=["vision"], data=("image", "table"))
    shelf.make("bob/c", tags=["text"])
    assert set(shelf.find(tag=["vision"])) == {"a", "b"}
    assert shelf.find(tag=["vision", "small"]) == ["a"]
    assert shelf.find(kind="dataset") == ["a"]
    assert shelf.find(owner="bob") == ["c"]
    assert shelf.find(owner="nobody") == []
    assert shelf.find(data_type=["table"]) == ["b"]
    assert shelf.find("vision", data_type=["image"], owner="ada", visibility="public", sort="recent") == ["b", "a"]
    facets = shelf.facets()
    assert facets.total == 3
    assert {c.value: c.count for c in facets.kinds} == {"model": 2, "dataset": 1}
    assert {c.value: c.count for c in facets.owners} == {"ada": 2, "bob": 1}
    assert {c.value: c.count for c in facets.data_types} == {"image": 2, "table": 1}
    assert {c.value: c.count for c in shelf.facets(tag=["vision"]).tags} == {"Vision": 1, "vision": 1, "small": 1}
    assert shelf.facets(owner="nobody").total == 0


def test_search_follows_changes_and_deletion(shelf: Shelf) -> None:
    made = shelf.make("ada/before", title="Old words", tags=["old"], card={"text": "stays findable"})
    ada = shelf.person("ada")
    change = RepositoryChange(name="after", title="New words", tags=["new"], visibility="private")
    with shelf.database.write() as session:
        service.change_repository(session, principal=ada, repository=made, change=change, clock=shelf.clock)
    assert [shelf.find(text, who=ada) for text in ("old", "before", "new words", "findable")] == [
        [],
        [],
        ["after"],
        ["after"],
    ]
    assert shelf.find("new") == []
    assert shelf.facets(who=ada).tags[0].value == "new"
    with shelf.database.write() as session:
        service.begin_deletion(session, principal=ada, repository=made)
    assert shelf.find(who=ada) == shelf.find("new", who=ada) == []
    with shelf.database.write() as session:
        service.delete_rows(session, made.id)
    shelf.make("ada/later", title="New words")
    assert shelf.find("new") == ["later"]


def test_what_an_earlier_release_left_is_indexed(shelf: Shelf) -> None:
    made = shelf.make("ada/lost", title="forgotten")
    with shelf.database.write() as session:
        search.remove_entry(session, made.id)
    assert shelf.find("forgotten") == []
    with shelf.database.write() as session:
        assert (service.index_missing(session), service.index_missing(session)) == (1, 0)
    assert shelf.find("forgotten") == ["lost"]


def test_many_matches_are_found_in_the_same_order_as_few(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        place = ["name", "title", "description"][i % 3]
        shelf.make(f"ada/{'word' if place == 'name' else 'x'}-{i}", **({place: "word"} if place != "name" else {}))
    shelf.star("ada/x-4", "bob")
    few = {sort: shelf.find("word", sort=sort) for sort in SORTS}
    assert all(len(found) == 12 for found in few.values())
    for bounds in ((0, 10**6), (0, -1)):
        monkeypatch.setattr(fulltext, "FEW", bounds[0])
        monkeypatch.setattr(fulltext, "MANY", bounds[1])
        assert {sort: [n for page in shelf.pages("word", sort=sort) for n in page] for sort in SORTS} == few


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_of_another_order_is_refused(shelf: Shelf, sort: str) -> None:
    for cursor in (encode_cursor("other", 1, 1), encode_cursor("level", 0, 0, 0), "x", encode_cursor(sort, "x", 1)):
        with shelf.database.read() as session, pytest.raises(BadCursor):
            search.find(
                session,
                principal=ANONYMOUS,
                require_sign_in=False,
                wanted=Wanted(),
                sort=Sort(sort),
                cursor=cursor,
                limit=5,
            )
