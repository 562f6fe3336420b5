import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.images.errors import SourceRefused
from modelyard.rooms.images.tars import Entry, dir_entry, file_entry, link_entry, read_entries, tar_chunks


def tar(*entries):
    return b"".join(tar_chunks(entries))


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getmembers()


names = st.lists(
    st.text("abc.é", min_size=1, max_size=4).filter(lambda n: n not in (".", "..")), min_size=1, max_size=4
)


@given(
    st.dictionaries(names.map(lambda parts: "/".join(["root", *parts, "file"])), st.binary(max_size=2000), max_size=8),
    st.randoms(),
)
def test_equal_contents_have_equal_bytes_and_can_be_read_back(files, random):
    entries = [file_entry(path, data) for path, data in files.items()]
    try:
        data = tar(*entries)
    except SourceRefused:
        return  # one path is a folder of another
    random.shuffle(entries)
    assert tar(*entries) == data
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        read = {info.name: archive.extractfile(info).read() for info in archive if info.isfile()}
    assert read == files


def test_times_and_owners_are_fixed_and_parents_come_first():
    found = members(tar(file_entry("b/c/d", b"x", mode=0o755), dir_entry("a", mode=0o1777), link_entry("a/l", "/b")))
    assert [member.name for member in found] == ["a", "a/l", "b", "b/c", "b/c/d"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in found} == {(0, 0, 0, "", "")}
    assert [oct(member.mode) for member in found] == ["0o1777", "0o777", "0o755", "0o755", "0o755"]


def test_the_later_entry_wins_and_hard_links_follow_what_they_name():
    data = tar(file_entry("x", b"old"), Entry("a", kind="hardlink", target="x"), file_entry("x", b"new"))
    found = members(data)
    assert [member.name for member in found] == ["x", "a"]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile("a").read() == b"new"


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", "./a", "", "a/", "a\0b"])
def test_a_path_that_leaves_the_root_is_refused(path):
    with pytest.raises(SourceRefused):
        tar(file_entry(path, b""))


def test_a_file_cannot_be_a_folder_too():
    with pytest.raises(SourceRefused):
        tar(file_entry("a", b""), file_entry("a/b", b""))


def test_long_names_and_large_contents_survive():
    path = "/".join(["n" * 100] * 5)
    content = b"0123456789" * 300_000
    data = tar(Entry(path, content=lambda: iter([content[:7], content[7:]]), size=len(content)))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile(path).read() == content


def test_a_content_of_another_size_is_noticed():
    with pytest.raises(ValueError, match="3 bytes"):
        tar(Entry("a", content=lambda: iter([b"abc"]), size=4))


def test_archives_of_others_are_read_without_devices():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in [("./dev/null", tarfile.CHRTYPE), ("./etc", tarfile.DIRTYPE), ("./etc/x", tarfile.SYMTYPE)]:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "y"
            archive.addfile(info)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        found = list(read_entries(archive, lambda info: b""))
    assert [(entry.path, entry.kind) for entry in found] == [("etc", "dir"), ("etc/x", "link")]
