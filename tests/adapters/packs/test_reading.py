"""What the processes that read archives make of good and bad ones."""

import contextlib
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from adapters.packs.reading import Reader
from modelyard.kit.errors import Invalid, ModelyardError, TooLarge
from modelyard.rooms.packs.errors import ItemsBad, LabelsUnreadable, PackUnreadable, TooManyItems
from modelyard.rooms.sources import errors
from rooms.packs.images import digits, encoded, tarred, zipped


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    made = Reader(tmp_path_factory.mktemp("reading"))
    yield made
    made.close()


def png(seed: int = 0, size: tuple[int, int] = (9, 7)) -> bytes:
    """The same for the same seed."""
    return encoded(Image.frombytes("L", size, random.Random(seed).randbytes(size[0] * size[1])))


def bomb(width: int, height: int) -> bytes:
    """A PNG of one colour, small as a file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    header = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    deflate = zlib.compressobj(9)
    lines = b"".join(deflate.compress(bytes(1 + (width + 7) // 8) * 1000) for _ in range(height // 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines + deflate.flush()) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        lambda files: zipped(files, compression=zipfile.ZIP_DEFLATED),
        tarred,
        lambda files: gzip.compress(tarred(files)),
        lambda files: lzma.compress(tarred(files)),
        lambda files: zstandard.compress(tarred(files)),
    ],
    ids=["zip", "deflated", "tar", "tar.gz", "tar.xz", "tar.zst"],
)
def test_every_form_gives_the_same_images(reader: Reader, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    files = digits()
    archive = pack(files)
    reading = reader.read(archive)
    read = reading.packs[0]
    stored = read.file.read_bytes() if read.file else archive
    assert reading.facts["items"] == len(files)
    for path, row in reader.rows.items():
        data = stored[row["offset"] : row["offset"] + row["length"]]
        assert (zlib.decompress(data, -15) if row["method"] == 8 else data) == files[path]
        assert row["label"] == path.split("/")[0]


def test_an_index_is_sorted_and_tells_of_itself(reader: Reader) -> None:
    reader.read(zipped(dict(reversed(digits().items()))))
    table = pq.ParquetFile(reader.index)
    assert b'"classes": ["0", "1"' in table.metadata.metadata[b"modelyard"]
    assert list(reader.rows) == sorted(reader.rows)
    assert str(table.schema_arrow.field("method").type) == "uint8"


def test_folders_name_splits_and_classes(reader: Reader) -> None:
    names = ["set/train/cat/1.png", "set/val/dog/1.png", "set/test/cat/2.png"]
    reader.read(zipped({name: png(i) for i, name in enumerate(names)}))
    found = {path: (row["split"], row["label"]) for path, row in reader.rows.items()}
    assert found == {names[0]: ("train", "cat"), names[1]: ("validation", "dog"), names[2]: ("test", "cat")}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("labels.csv", "file_name,label,split\na.png,cat,train\nb.png,=1+1,val\n".encode("utf-8-sig")),
        ("labels.csv", "file_name;label;split\na.png;cat;train\nb.png;=1+1;val\n".encode("utf-16")),
        ("labels.tsv", b"path\tclass\tsubset\na.png\tcat\ttrain\nb.png\t=1+1\tvalid\n"),
        (
            "labels.jsonl",
            b'{"file": "a.png", "label": "cat", "split": "train"}\n{"file": "b.png", "label": "=1+1", "split": "dev"}',
        ),
        (
            "labels.json",
            b'[{"file": "a.png", "label": "cat", "split": "train"},{"file": "b.png", "label": "=1+1", "split": "dev"}]',
        ),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_labels_beside_images(reader: Reader, name: str, table: bytes, inside: bool) -> None:
    files = {"set/a.png": png(1), "set/b.png": png(2), "set/c.png": png(3)}
    reader.read(zipped(files | ({f"set/{name}": table} if inside else {})), labels=None if inside else (name, table))
    found = {path: (row["label"], row["split"]) for path, row in reader.rows.items()}
    assert found == {
        "set/a.png": ("cat", "train"),
        "set/b.png": ("=1+1", "validation"),
        "set/c.png": (None, None),
    }


@pytest.mark.parametrize(
    "table",
    [
        b"file_name,label\na.png," + b"x" * 2_000_000,
        b"file_name,label\na.png,caf\xe9\n",
        b"one,two\n1,2\n",
        b"file_name,label\n",
        b"file_name,label\na.png,cat\na.png,dog\n",
        b"file_name,label,split\na.png,cat,holdout\n",
        b"file_name,label\na.png,b,c,d\n",
    ],
)
def test_labels_that_cannot_be_used_say_why(reader: Reader, table: bytes) -> None:
    with pytest.raises(LabelsUnreadable) as raised:
        reader.read(zipped({"a.png": png()}), labels=("labels.csv", table))
    assert raised.value.remedy


def test_bad_files_are_listed_and_the_rest_is_good(reader: Reader) -> None:
    photo = encoded(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    good = {
        "a/cmyk.jpg": encoded(Image.new("CMYK", (4, 3)), "JPEG"),
        "a/turned.jpg": encoded(Image.new("RGB", (40, 30)), "JPEG", exif=exif),
        "a/moving.gif": encoded(
            Image.new("P", (5, 5)), "GIF", save_all=True, append_images=[Image.new("P", (5, 5), 9)]
        ),
        "a/polyglot.png": png() + zipped({"x": b"y"}),
        "a/deep.png": encoded(Image.new("I;16", (3, 3))),
    }
    bad = {
        "a/cut.jpg": photo[: len(photo) // 2],
        "a/drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "a/drawing.png": b'<?xml version="1.0"?><svg/>',
        "a/empty.png": b"",
        "a/text.txt": b"hello",
        "a/huge.png": bomb(50_000, 50_000),
    }
    reading = reader.read(zipped(good | bad | {"README.md": b"# Mine", "__MACOSX/a/._cmyk.jpg": b"x"}))
    assert reader.errors.keys() == bad.keys()
    assert "SVG" in reader.errors["a/drawing.svg"]
    assert "50,000 × 50,000" in reader.errors["a/huge.png"]
    rows = reader.rows
    assert {path for path, row in rows.items() if not row["error"]} == good.keys()
    assert (rows["a/turned.jpg"]["width"], rows["a/turned.jpg"]["height"]) == (30, 40)
    assert (rows["a/cmyk.jpg"]["mode"], rows["a/deep.png"]["mode"]) == ("CMYK", "I;16")
    assert (reading.facts["items"], reading.facts["errors"]) == (len(good), len(bad))
    with pytest.raises(ItemsBad, match=r"cut\.jpg"):
        reader.read(zipped(good | bad), fail=True)


def test_nothing_good_is_no_dataset(reader: Reader) -> None:
    with pytest.raises(PackUnreadable):
        reader.read(zipped({"notes.txt": b"x"}))
    with pytest.raises(PackUnreadable):
        reader.read(zipped({}))


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(_filled(tarfile.TarInfo("a/1.png"), size=len(png())), io.BytesIO(png()))
        archive.addfile(_filled(tarfile.TarInfo(name), type=kind, **fields))
    return buffer.getvalue()


def _filled(info: tarfile.TarInfo, **fields: object) -> tarfile.TarInfo:
    for name, value in fields.items():
        setattr(info, name, value)
    return info


@pytest.mark.parametrize(
    ("archive", "error"),
    [
        (member("a/2.png", tarfile.SYMTYPE, linkname="/etc/passwd"), errors.LinkRefused),
        (member("a/2.png", tarfile.LNKTYPE, linkname="a/1.png"), errors.LinkRefused),
        (member("a/2.png", tarfile.CHRTYPE), errors.LinkRefused),
        (member("a/2.png", tarfile.FIFOTYPE), errors.LinkRefused),
        (member("a/2.png", tarfile.GNUTYPE_SPARSE), errors.LinkRefused),
        (member("a/2.png", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}), ModelyardError),
        (member("a/" + "x/" * 200 + "../" * 300 + "2.png"), errors.PathUnsafe),
        (member("../2.png"), errors.PathUnsafe),
        (member("/etc/2.png"), errors.PathUnsafe),
        (member("a/2.png", pax_headers={"path": "../../2.png"}), errors.PathUnsafe),
        (tarred({"a/1.png": png()})[:600], errors.ArchiveUnreadable),
        (zipped({"../1.png": png()}), errors.PathUnsafe),
        (zipped({"/1.png": png()}), errors.PathUnsafe),
        (zipped({"a\\..\\1.png": png()}), errors.PathUnsafe),
        (b"PKMZ" + zipped({"1.png": png()}), errors.ArchiveAmbiguous),
        (zipped({"1.png": png()})[:-30], errors.ArchiveUnreadable),
        (zipped({"1.png": png()}, compression=zipfile.ZIP_BZIP2), errors.ArchiveCompression),
        (b"no archive at all", errors.ArchiveUnreadable),
    ],
)
def test_hostile_archives_are_refused(reader: Reader, archive: bytes, error: type[ModelyardError]) -> None:
    with pytest.raises(error):
        reader.read(archive)


def test_a_link_in_a_zip_is_refused(reader: Reader) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("a.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(errors.LinkRefused):
        reader.read(buffer.getvalue())


def test_an_entry_that_is_described_twice_is_bad(reader: Reader) -> None:
    data = zipped({"a/1.png": png(1), "a/2.png": png(2)})
    at = data.index(b"a/2.png")
    reader.read(data[:at] + b"a/9.png" + data[at + 7 :])
    assert reader.errors == {"a/2.png": "The archive describes it twice, in different ways."}


def test_entries_that_share_bytes_are_refused(reader: Reader) -> None:
    data = zipped({"a/1.png": png(1), "a/2.png": png(1)})
    second = data.rindex(b"PK\x01\x02")
    shared = data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :]
    reader.read(shared)
    assert list(reader.errors) == ["a/2.png"]


def test_lookalike_classes_are_kept_apart_and_said(reader: Reader) -> None:
    reading = reader.read(
        zipped({"Cat/1.png": png(1), "cat/1.png": png(2), "\u00e9/1.png": png(3), "e\u0301/1.png": png(4)})
    )
    assert len(reading.facts["classes"]) == 4
    assert sum("look alike" in note for note in reading.notes) == 2


def test_copies_are_counted_and_uneven_classes_said(reader: Reader) -> None:
    files = {f"a/{i}.png": png(i) for i in range(30)} | {"b/1.png": png(0)}
    reading = reader.read(zipped(files))
    assert reading.facts["duplicates"] == 1
    assert any("uneven" in note for note in reading.notes)


def test_appending_keeps_splits_and_reports_what_is_there(reader: Reader) -> None:
    files = list(digits().items())
    shares = (0.6, 0.2, 0.2)
    reader.read(zipped(dict(files[:40])), shares=shares)
    before, base = reader.rows, reader.index
    clash = {files[0][0]: png(5)}
    reading = reader.read(zipped(dict(files[20:])), zipped(clash), shares=shares, base=base)
    after = reader.rows
    assert {path: after[path]["split"] for path in before} == {path: row["split"] for path, row in before.items()}
    assert reading.facts["items"] == len(files)
    assert reading.facts["errors"] == 1


def test_more_files_than_allowed_are_refused(tmp_path: Path) -> None:
    reader = Reader(tmp_path, max_items=20)
    try:
        with pytest.raises((TooManyItems, errors.ArchiveBomb)):
            reader.read(zipped(digits()))
    finally:
        reader.close()


names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(names, names), st.integers(1, 40), min_size=1, max_size=20), st.booleans())
def test_every_row_leads_back_to_its_image(reader: Reader, wanted: dict[tuple[str, str], int], packed: bool) -> None:
    files = {f"top/{a}/{b}.png": png(0, (size, 3)) for (a, b), size in wanted.items()}
    archive = zipped(files, compression=zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    reader.read(archive)
    assert list(reader.rows) == sorted(files)
    for path, row in reader.rows.items():
        data = archive[row["offset"] : row["offset"] + row["length"]]
        assert (zlib.decompress(data, -15) if row["method"] == 8 else data) == files[path]


def test_flipped_bytes_never_break_the_reader(reader: Reader) -> None:
    whole = zipped(dict(list(digits().items())[:5]), compression=zipfile.ZIP_DEFLATED)
    choice = random.Random(5)
    for _ in range(40):
        broken = bytearray(whole)
        for _ in range(3):
            broken[choice.randrange(len(broken))] = choice.randrange(256)
        with contextlib.suppress(Invalid, TooLarge):  # all that it may say
            reading = reader.read(bytes(broken))
            assert reading.facts["items"] + reading.facts["errors"] > 0
