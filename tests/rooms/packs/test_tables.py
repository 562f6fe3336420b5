"""Plain tables by the door for imports: checked to their last line, then files of the dataset like pushed ones."""

from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, tarred, zipped
from support.server import Server

IRIS = load_iris(as_frame=True).frame
CSV = IRIS.to_csv(index=False).encode()
PARQUET = IRIS.to_parquet()
LINES = IRIS.to_json(orient="records", lines=True).encode()
MB = 1024**2


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


def files(me: Collector, number: int) -> dict[str, int]:
    return {file["path"]: file["size"] for file in me.get(number, "files").json()["items"]}


def statistics(me: Collector, number: int, path: str) -> dict[str, Any]:
    answer = me.get(number, f"statistics/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_tables_of_every_form_become_files_that_can_be_looked_into(me: Collector) -> None:
    sent = {
        "iris.csv": CSV,
        "iris.tsv": IRIS.to_csv(index=False, sep="\t").encode(),
        "iris.jsonl": LINES,
        "iris.parquet": PARQUET,
    }
    version = me.finish(begin(me, *sent.items()))
    assert version["state"] == "ready", version["reason"]
    assert version["packed"] is None
    assert version["contents"] == {"files": 4, "size": sum(map(len, sent.values()))}
    for path, content in sent.items():
        assert me.get(version["number"], f"files/{path}").content == content
        told = statistics(me, version["number"], path)
        assert (told["rows"], len(told["columns"])) == (150, 5)


@pytest.mark.parametrize("compression", ["zip", "tar", "gz", "xz"])
def test_an_archive_of_nothing_but_tables(me: Collector, compression: str) -> None:
    inside = {
        "data/a.csv": CSV,
        "data/deep/b.jsonl": LINES,
        "data/README.md": b"# Iris\n",
        "__MACOSX/data/._a.csv": b"x",
    }
    archive = (
        zipped(inside, compression=8) if compression == "zip" else tarred(inside, compression=compression.strip("tar"))
    )
    name = {"zip": "t.zip", "tar": "t.tar"}.get(compression, f"t.tar.{compression}")
    number = me.ready(begin(me, (name, archive), ("c.parquet", PARQUET)))
    assert files(me, number) == {"a.csv": len(CSV), "deep/b.jsonl": len(LINES), "c.parquet": len(PARQUET)}
    assert me.get(number, "files/a.csv").content == CSV


def test_tables_are_added_and_replaced(me: Collector) -> None:
    me.ready(me.push({"README.md": b"# Mine\n", "notes.txt": b"old\n"}))
    added = me.ready(begin(me, ("a.csv", CSV), append=True))
    assert set(files(me, added)) == {"README.md", "notes.txt", "a.csv"}
    again = me.ready(begin(me, ("a.csv", CSV), ("b.jsonl", LINES), append=True))
    assert set(files(me, again)) == {"README.md", "notes.txt", "a.csv", "b.jsonl"}
    other = me.finish(begin(me, ("a.csv", b"x,y\n1,2\n"), append=True))
    assert other["state"] == "failed"
    assert "has another a.csv" in other["reason"]
    alone = me.ready(begin(me, ("only.csv", CSV)))
    assert set(files(me, alone)) == {"README.md", "only.csv"}


def test_tables_and_images_stay_apart(me: Collector) -> None:
    images, table = ("d.zip", zipped(digits(10))), ("t.csv", CSV)
    both = me.finish(begin(me, images, table))
    assert "tables and images" in both["reason"]
    assert "tables and images" in me.finish(begin(me, table, labels=("labels.csv", CSV)))["reason"]
    me.ready(begin(me, images))
    assert "holds images" in me.finish(begin(me, table, append=True))["reason"]
    me.ready(begin(me, table))
    assert "no images yet" in me.finish(begin(me, images, append=True))["reason"]


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "ragged": ("r.csv", b"a,b\n" + b"1,2\n" * 5000 + b"1,2,3\n", "line 5,002: It has 3 fields"),
    "mixed encodings": (
        "m.csv",
        "a,b\nä,1\n".encode() + "ö,2\n".encode("latin-1"),
        "line 3: It is not UTF-8, as line 2 is",
    ),
    "open quote": ("q.csv", b'a,b\n1,2\n"3,4\n5,6\n', "line 3: It is no CSV"),
    "a field too long": (
        "f.csv",
        b"a,b\n1,2\n3," + b"x" * 17 * MB + b"\n",
        "line 3: It has a field or a line of more than",
    ),
    "a field of many lines": (
        "g.csv",
        b'a,b\n1,2\n3,"' + b"x\n" * 9 * MB + b'"\n',
        "line 3: It has a field or a line of more",
    ),
    "a broken object": ("o.jsonl", b'{"a": 1}\n\n{"a": \n', "line 3: It is no JSON"),
    "no object": ("n.jsonl", b'{"a": 1}\n[1]\n', "line 2: It is no JSON object"),
    "json not in utf-8": ("l.jsonl", '{"a": "ä"}\n'.encode("latin-1"), "JSON lines have to be UTF-8"),
    "binary": ("b.csv", b"a,b\n1,\0\n", "line 2: It is no text"),
    "empty": ("e.csv", b"", "It is empty"),
    "no parquet": ("p.parquet", b"PAR1 nothing of the kind PAR1", "p.parquet"),
}


@pytest.mark.parametrize(("name", "content", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_its_line(me: Collector, name: str, content: bytes, said: str) -> None:
    version = me.finish(begin(me, ("good.csv", CSV), (name, content)))
    assert version["state"] == "failed"
    assert version["reason"].startswith(name)
    assert said in version["reason"], version["reason"]
    assert "import it again" in version["remedy"]
    assert me.get(version["number"], "files").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        "a,b\r\nä,1\r\n".encode(),
        "a;b\nä;1\n".encode("latin-1"),
        "a,b\nä,1\n".encode("utf-16"),
        b'\xef\xbb\xbfa,b\n"x\ny",1\n\n',
    ],
    ids=["windows lines", "latin-1", "utf-16", "mark and a line break in a field"],
)
def test_what_other_programs_write_is_taken(me: Collector, content: bytes) -> None:
    number = me.ready(begin(me, ("t.csv", content)))
    told = statistics(me, number, "t.csv")
    assert ([column["name"] for column in told["columns"]], told["rows"]) == (["a", "b"], 1)


def test_a_zip_that_lies_of_its_table_is_refused(me: Collector) -> None:
    archive = zipped({"a.csv": CSV}).replace(CSV[:100], CSV[:99] + b"x", 1)
    version = me.finish(begin(me, ("t.zip", archive)))
    assert version["reason"].startswith("a.csv: It is not what the archive says of it")
