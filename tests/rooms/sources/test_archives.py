"""Zip files, honest and hostile. What is refused leaves nothing behind."""

# ruff: noqa: E501 (rows of tables)

import base64
import contextlib
import io
import os
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.kit.errors import ModelyardError, StorageFull
from modelyard.rooms.sources import archives
from modelyard.rooms.sources.archives import ArchiveLimits, Unpacked, unpack
from rooms.sources.crafted import Entry, build, honest


@pytest.fixture
def open_zip(tmp_path):
    """Unpacks bytes; on refusal it checks that nothing was left."""

    def open_bytes(data: bytes, **limits) -> Unpacked:
        (tmp_path / "a.zip").write_bytes(data)
        target = tmp_path / "out" / "tree"
        try:
            return unpack(tmp_path / "a.zip", target, limits=ArchiveLimits(**limits) if limits else None)
        except ModelyardError:
            assert not target.exists()
            raise

    return open_bytes


def files_of(unpacked: Unpacked) -> dict[str, bytes]:
    root = unpacked.root
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_honest_files_come_out_as_they_went_in(open_zip):
    files = {"m.py": b"x", "pkg/a.txt": b"y" * 100_000, "pkg/deep/ä 1.bin": os.urandom(1000), "empty": b""}
    unpacked = open_zip(honest(files))
    assert files_of(unpacked) == files
    assert unpacked.top_folder is None
    assert unpacked.notes == ()


def test_files_written_by_a_stream_with_descriptors(open_zip):
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, chunk):
            self.data += bytes(chunk)
            return len(chunk)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"1" * 1000)
        with archive.open("big.bin", "w", force_zip64=True) as file:
            file.write(b"2" * 5000)
        archive.writestr("PK.txt", b"3")
    assert files_of(open_zip(pipe.data)) == {"a.py": b"1" * 1000, "big.bin": b"2" * 5000, "PK.txt": b"3"}


def test_zip64(open_zip):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("m.py", "w", force_zip64=True) as file:
        file.write(b"x")
    assert files_of(open_zip(buffer.getvalue())) == {"m.py": b"x"}


def test_zip64_end_record(open_zip):
    plain = honest({"m.py": b"x"}, method=zipfile.ZIP_STORED)
    end = plain.rindex(b"PK\x05\x06")
    _, _, _, _, count, size, offset, _ = struct.unpack("<4s4H2LH", plain[end:])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert files_of(open_zip(plain[:end] + wide + locator + short)) == {"m.py": b"x"}


PROGRAMS = {
    "zip -r": (
        "UEsDBAoAAAAAAOBIdV0AAAAAAAAAAAAAAAAFABwAcHJvai9VVAkAAzRfAWs0XwFrdXgLAAEEAAAAAAQAAAAAUEsDBAoAAAAA"
        "AOBIdV2DFtyMAQAAAAEAAAAJABwAcHJvai9tLnB5VVQJAAM0XwFrNF8Ba3V4CwABBAAAAAAEAAAAAHhQSwMECgAAAAAA4Eh1"
        "XRUm2/sBAAAAAQAAAAsAHABwcm9qL8OpLnR4dFVUCQADNF8BazRfAWt1eAsAAQQAAAAABAAAAAB5UEsBAh4DCgAAAAAA4Eh1"
        "XQAAAAAAAAAAAAAAAAUAGAAAAAAAAAAQAO1BAAAAAHByb2ovVVQFAAM0XwFrdXgLAAEEAAAAAAQAAAAAUEsBAh4DCgAAAAAA"
        "4Eh1XYMW3IwBAAAAAQAAAAkAGAAAAAAAAQAAAKSBPwAAAHByb2ovbS5weVVUBQADNF8Ba3V4CwABBAAAAAAEAAAAAFBLAQIe"
        "AwoAAAAAAOBIdV0VJtv7AQAAAAEAAAALABgAAAAAAAEAAACkgYMAAABwcm9qL8OpLnR4dFVUBQADNF8Ba3V4CwABBAAAAAAE"
        "AAAAAFBLBQYAAAAAAwADAOsAAADJAAAAAAA="
    ),
    "zip -r -, to a pipe": (
        "UEsDBAoAAAAAAOBIdV0AAAAAAAAAAAAAAAAFABwAcHJvai9VVAkAAzRfAWs0XwFrdXgLAAEEAAAAAAQAAAAAUEsDBBQACAAI"
        "AOBIdV0AAAAAAAAAAAEAAAAJABwAcHJvai9tLnB5VVQJAAM0XwFrNF8Ba3V4CwABBAAAAAAEAAAAAKsAAFBLBwiDFtyMAwAA"
        "AAEAAABQSwMEFAAIAAgA4Eh1XQAAAAAAAAAAAQAAAAsAHABwcm9qL8OpLnR4dFVUCQADNF8BazRfAWt1eAsAAQQAAAAABAAA"
        "AACrBABQSwcIFSbb+wMAAAABAAAAUEsBAh4DCgAAAAAA4Eh1XQAAAAAAAAAAAAAAAAUAGAAAAAAAAAAQAO1BAAAAAHByb2ov"
        "VVQFAAM0XwFrdXgLAAEEAAAAAAQAAAAAUEsBAh4DFAAIAAgA4Eh1XYMW3IwDAAAAAQAAAAkAGAAAAAAAAQAAAKSBPwAAAHBy"
        "b2ovbS5weVVUBQADNF8Ba3V4CwABBAAAAAAEAAAAAFBLAQIeAxQACAAIAOBIdV0VJtv7AwAAAAEAAAALABgAAAAAAAEAAACk"
        "gZUAAABwcm9qL8OpLnR4dFVUBQADNF8Ba3V4CwABBAAAAAAEAAAAAFBLBQYAAAAAAwADAOsAAADtAAAAAAA="
    ),
    "jar": (
        "UEsDBAoAAAgAAOBIdV0AAAAAAAAAAAAAAAAFAAQAcHJvai/+ygAAUEsDBBQACAgIAOBIdV0AAAAAAAAAAAAAAAAJAAAAcHJv"
        "ai9tLnB5qwAAUEsHCIMW3IwDAAAAAQAAAFBLAwQUAAgICADgSHVdAAAAAAAAAAAAAAAACwAAAHByb2ovw6kudHh0qwQAUEsH"
        "CBUm2/sDAAAAAQAAAFBLAQIKAAoAAAgAAOBIdV0AAAAAAAAAAAAAAAAFAAQAAAAAAAAAAAAAAAAAAABwcm9qL/7KAABQSwEC"
        "FAAUAAgICADgSHVdgxbcjAMAAAABAAAACQAAAAAAAAAAAAAAAAAnAAAAcHJvai9tLnB5UEsBAhQAFAAICAgA4Eh1XRUm2/sD"
        "AAAAAQAAAAsAAAAAAAAAAAAAAAAAYQAAAHByb2ovw6kudHh0UEsFBgAAAAADAAMApwAAAJ0AAAAAAA=="
    ),
    "git archive": (
        "UEsDBAoAAAAAAOBIdV0AAAAAAAAAAAAAAAAFAAkAcHJvai9VVAUAATRfAWtQSwMECgAAAAAA4Eh1XYMW3IwBAAAAAQAAAAkA"
        "CQBwcm9qL20ucHlVVAUAATRfAWt4UEsBAgAACgAAAAAA4Eh1XQAAAAAAAAAAAAAAAAUACQAAAAAAAAAQAAAAAAAAAHByb2ov"
        "VVQFAAE0XwFrUEsBAgAACgAAAAAA4Eh1XYMW3IwBAAAAAQAAAAkACQAAAAAAAQAAAAAALAAAAHByb2ovbS5weVVUBQABNF8B"
        "a1BLBQYAAAAAAgACAHwAAABdAAAAKABiNDA4MzZkN2RhOGQwZWUzMDNkNmUwYWMyOTVlMjFmODgxOTdlOGY0"
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_other_programs_write(open_zip, program):
    """One file of each, kept as it was written: Info-ZIP 3.0, a JDK, Git."""
    unpacked = open_zip(base64.b64decode(PROGRAMS[program]))
    files = files_of(unpacked)
    assert files.pop("proj/m.py") == b"x"
    assert files in ({}, {"proj/é.txt": b"y"})
    assert unpacked.top_folder == unpacked.root / "proj"


def test_junk_is_left_out(open_zip):
    junk = ["__MACOSX/._m.py", "a/.DS_Store", "a/__pycache__/m.cpython-311.pyc", ".git/config", "a/._b", "Thumbs.db"]
    assert files_of(open_zip(honest({"a/m.py": b"x", **dict.fromkeys(junk, b"j")}))) == {"a/m.py": b"x"}


def test_top_folder_is_found_beside_junk(open_zip):
    unpacked = open_zip(honest({"proj/m.py": b"x", "__MACOSX/proj/._m.py": b"j"}))
    assert unpacked.top_folder == unpacked.root / "proj"


def test_modes(open_zip):
    unpacked = open_zip(
        build([Entry(b"run.sh", mode=0o104777), Entry(b"m.py", mode=0o100000), Entry(b"d/", b"", mode=0o40755)])
    )
    assert stat.S_IMODE((unpacked.root / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((unpacked.root / "m.py").stat().st_mode) == 0o644


def test_archive_inside_stays_a_file(open_zip):
    inner = honest({"../../evil": b"x"})
    unpacked = open_zip(honest({"m.py": b"x", "data.zip": inner}))
    assert files_of(unpacked)["data.zip"] == inner
    assert "data.zip" in unpacked.notes[0]


def unicode_path(plain: bytes, name: str) -> bytes:
    """Info-ZIP's extra field with the name in UTF-8."""
    data = struct.pack("<BL", 1, zlib.crc32(plain)) + name.encode()
    return struct.pack("<HH", 0x7075, len(data)) + data


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (Entry("ä.py".encode(), flags=0x800), "ä.py"),
        (Entry("ä.py".encode()), "ä.py"),  # macOS writes UTF-8 without saying so
        (Entry("ä.py".encode("cp437")), "ä.py"),
        (Entry(b"\x84.py", extra=unicode_path(b"\x84.py", "ж.py")), "ж.py"),
    ],
)
def test_names_are_decoded_as_they_were_meant(open_zip, entry, name):
    assert list(files_of(open_zip(build([entry])))) == [name]


GOOD = Entry(b"ok.py")
ATTACKS = {
    "traversal": (build([Entry(b"../evil.py")]), "path_unsafe"),
    "traversal inside": (build([Entry(b"a/../../evil.py")]), "path_unsafe"),
    "dot": (build([Entry(b"./m.py")]), "path_unsafe"),
    "empty part": (build([Entry(b"a//m.py")]), "path_unsafe"),
    "empty name": (build([Entry(b"")]), "path_unsafe"),
    "absolute": (build([Entry(b"/etc/passwd")]), "path_unsafe"),
    "drive": (build([Entry(b"C:/m.py")]), "path_unsafe"),
    "backslash": (build([Entry(b"..\\evil.py")]), "path_unsafe"),
    "nul": (build([Entry(b"m.py\x00.txt")]), "path_unsafe"),
    "newline": (build([Entry(b"a\nb.py")]), "path_unsafe"),
    "escape": (build([Entry(b"\x1b[2J.py")]), "path_unsafe"),
    "right to left": (build([Entry("\u202egpj.exe".encode(), flags=0x800)]), "path_unsafe"),
    "long part": (build([Entry(b"a" * 300)]), "path_unsafe"),
    "long path": (build([Entry(b"/".join([b"a" * 100] * 20))]), "path_unsafe"),
    "deep": (build([Entry(b"a/" * 50 + b"b")]), "path_unsafe"),
    "git lookalike": (build([Entry(b".GIT/config")]), "path_unsafe"),
    "git short name": (build([Entry(b"git~1/config")]), "path_unsafe"),
    "git in disguise": (build([Entry(".g\u200cit/config".encode(), flags=0x800)]), "path_unsafe"),
    "traversal into junk": (build([GOOD, Entry(b"../__pycache__/x")]), "path_unsafe"),
    "link": (build([Entry(b"l", b"/etc/passwd", mode=0o120777)]), "link_refused"),
    "device": (build([Entry(b"d", b"", mode=0o060644)]), "link_refused"),
    "fifo": (build([Entry(b"d", b"", mode=0o010644)]), "link_refused"),
    "duplicate": (build([GOOD, Entry(b"ok.py", b"other")]), "path_collision"),
    "case": (build([GOOD, Entry(b"OK.py")]), "path_collision"),
    "case of a folder": (build([Entry(b"a/x"), Entry(b"A/y")]), "path_collision"),
    "sharp s": (build([Entry("ß".encode(), flags=0x800), Entry(b"ss")]), "path_collision"),
    "normalisation": (build([Entry("é".encode(), flags=0x800), Entry("e\u0301".encode(), flags=0x800)]), "path_collision"),
    "file under a file": (build([Entry(b"a"), Entry(b"a/b")]), "path_collision"),
    "file over a folder": (build([Entry(b"a/b"), Entry(b"a")]), "path_collision"),
    "file and empty folder": (build([Entry(b"a/", b"", mode=0o40755), Entry(b"a")]), "path_collision"),
    "folder with bytes": (build([Entry(b"a/", b"x", mode=0o40755)]), "archive_ambiguous"),
    "folder mode on a file": (build([Entry(b"a", mode=0o40755)]), "archive_ambiguous"),
    "file mode on a folder": (build([Entry(b"a/", b"")]), "archive_ambiguous"),
    "other local name": (build([Entry(b"ok.py", local_name=b"no.py")]), "archive_ambiguous"),
    "other local size": (build([Entry(local_size=1)]), "archive_ambiguous"),
    "other local crc": (build([Entry(local_crc=1)]), "archive_ambiguous"),
    "other local flags": (build([Entry(local_flags=0x800)]), "archive_ambiguous"),
    "other local method": (build([Entry(local_method=8)]), "archive_ambiguous"),
    "unicode path says otherwise": (build([Entry(b"a.py", extra=unicode_path(b"a.py", "b.py"))]), "archive_ambiguous"),
    "unicode path is of another name": (build([Entry(b"\x84", extra=unicode_path(b"x", "b"))]), "archive_ambiguous"),
    "unicode path is cut off": (build([Entry(b"\x84", extra=b"\x75\x70\x02\x00ab")]), "archive_ambiguous"),
    "descriptor missing": (build([Entry(flags=8)]), "archive_ambiguous"),
    "descriptor of another crc": (build([Entry(flags=8, descriptor=b"PK\x07\x08" + b"\x00" * 12)]), "archive_ambiguous"),
    "overlap": (build([Entry(b"a"), Entry(b"a", offset=0)]), "archive_ambiguous"),
    "overlap inside": (build([Entry(b"a", b"z" * 99), Entry(b"b", offset=10)]), "archive_ambiguous"),
    "gap": (build([GOOD, Entry(b"b", gap=b"hidden")]), "archive_ambiguous"),
    "hidden entry": (build([GOOD, Entry(b"b", gap=build([Entry(b"hidden")])[:40])]), "archive_ambiguous"),
    "prefix, offsets kept": (build([GOOD], prefix=b"#!/bin/sh\n"), "archive_ambiguous"),
    "prefix, offsets not kept": (b"#!/bin/sh\n" + build([GOOD]), "archive_ambiguous"),
    "two put together": (build([GOOD]) + build([Entry(b"other.py")]), "archive_ambiguous"),
    "wrong directory offset": (build([GOOD], shift=1), "archive_ambiguous"),
    "count too small": (build([GOOD, Entry(b"b")], count=1), "archive_ambiguous"),
    "count too large": (build([GOOD], count=2), "archive_ambiguous"),
    "two ends": (build([GOOD], comment=struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)), "archive_ambiguous"),
    "stored with two sizes": (build([Entry(size=3, crc=zlib.crc32(b"x =")), ]), "archive_ambiguous"),
    "trailing bytes": (build([GOOD]) + b"x", "archive_unreadable"),
    "encrypted": (build([Entry(flags=1)]), "archive_encrypted"),
    "strongly encrypted": (build([Entry(flags=0x41)]), "archive_encrypted"),
    "masked headers": (build([Entry(flags=0x2000)]), "archive_encrypted"),
    "bzip2": (honest({"m.py": b"x"}, method=zipfile.ZIP_BZIP2), "archive_compression"),
    "lzma": (honest({"m.py": b"x"}, method=zipfile.ZIP_LZMA), "archive_compression"),
    "unknown method": (build([Entry(method=97)]), "archive_compression"),
    "wrong crc": (build([Entry(crc=1)]), "archive_unreadable"),
    "broken deflate": (build([Entry(method=8, packed=b"\xff" * 20)]), "archive_unreadable"),
    "deflate gives more": (build([Entry(method=8, size=2)]), "archive_unreadable"),
    "deflate gives less": (build([Entry(method=8, size=200)]), "archive_unreadable"),
    "truncated": (honest({"m.py": b"x" * 1000})[:-30], "archive_unreadable"),
    "name is no utf-8": (build([Entry(b"\xff\xfe", flags=0x800)]), "archive_unreadable"),
    "not a zip": (b"hello", "archive_unreadable"),
    "nothing": (b"", "archive_unreadable"),
    "a tar": (b"\x1f\x8b" + b"\x00" * 100, "archive_unreadable"),
    "no entries": (build([]), "archive_unreadable"),
    "junk only": (build([Entry(b".DS_Store")]), "archive_unreadable"),
    "one of several": (build([GOOD])[:-18] + struct.pack("<4H2LH", 1, 1, 1, 1, 51, 41, 0), "archive_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused(open_zip, attack):
    data, code = ATTACKS[attack]
    with pytest.raises(ModelyardError) as e:
        open_zip(data)
    assert e.value.code == code, e.value.detail
    assert e.value.status in {413, 422}
    assert e.value.detail.isprintable()
    assert e.value.remedy


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (build([Entry(b"%d" % i) for i in range(101)]), {"entries": 100}),
        (build([], count=60_000), {}),
        (honest({"a": b"x" * 600, "b": b"x" * 600}), {"bytes": 1000}),
        (honest({"a": b"\0" * 1_000_000}), {"ratio_from_bytes": 100_000}),
        (honest({"a": b"\0" * 1_000_000, "b": os.urandom(50_000)}), {"ratio_from_bytes": 100_000}),
    ],
    ids=["entries", "announced entries", "bytes", "ratio", "ratio of one entry"],
)
def test_bombs(open_zip, data, limits):
    with pytest.raises(ModelyardError) as e:
        open_zip(data, **limits)
    assert (e.value.code, e.value.status) == ("archive_bomb", 413)


def test_bomb_that_lies_about_its_size_is_cut_off(open_zip):
    """The directory says 10 bytes, the data unpacks to 50 MB: no more than was announced is ever written."""
    with pytest.raises(ModelyardError) as e:
        open_zip(build([Entry(data=b"\0" * 50_000_000, method=8, size=10)]))
    assert e.value.code == "archive_unreadable"


def test_nothing_outside_is_written(open_zip, tmp_path):
    before = sorted(p for p in tmp_path.rglob("*"))
    for data, _ in ATTACKS.values():
        with pytest.raises(ModelyardError):
            open_zip(data)
    after = sorted(p for p in tmp_path.rglob("*") if p.name not in {"a.zip", "out"})
    assert after == before


def test_full_disk_is_said_and_leaves_nothing(open_zip, tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives, "_copy", no_space)
    with pytest.raises(StorageFull):
        open_zip(honest({"m.py": b"x"}))


SEEDS = [
    honest({"m.py": b"def predict(): ...", "pkg/data.bin": bytes(range(256)), "d/e/f": b""}),
    honest({"m.py": b"x"}, method=zipfile.ZIP_STORED),
    build(
        [Entry(flags=8, method=8, descriptor=b"PK\x07\x08" + struct.pack("<LLL", zlib.crc32(b"x = 1\n"), 8, 6)), GOOD]
    ),
]


EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["set", "cut", "add", "repeat"])),
    min_size=1,
    max_size=6,
)


@pytest.mark.soak
def test_mutated_archives_are_read_or_refused(tmp_path: Path, soak: bool):
    work = tmp_path / "work"

    @settings(max_examples=20_000 if soak else 300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.sampled_from([*SEEDS, *map(base64.b64decode, PROGRAMS.values())]), edits=EDITS)
    def check(seed: bytes, edits: list[tuple[int, int, str]]) -> None:
        shutil.rmtree(work, ignore_errors=True)
        (work / "inner").mkdir(parents=True)
        (work / "a.zip").write_bytes(mutate(seed, edits))
        with contextlib.suppress(ModelyardError):
            unpacked = unpack(work / "a.zip", work / "inner" / "tree")
            assert not any(path.is_symlink() for path in unpacked.root.rglob("*"))
            shutil.rmtree(unpacked.root)
        assert {p.name for p in work.iterdir()} == {"a.zip", "inner"}
        assert list((work / "inner").iterdir()) == []

    check()


def mutate(seed: bytes, edits: list[tuple[int, int, str]]) -> bytes:
    data = bytearray(seed)
    for position, value, kind in edits:
        at = position % (len(data) + 1)
        if kind == "set":
            data[at : at + 1] = bytes([value])
        elif kind == "cut":
            del data[at : at + 1 + value % 8]
        elif kind == "add":
            data[at:at] = bytes([value])
        else:
            data[at:at] = data[at : at + value]
    return bytes(data)
