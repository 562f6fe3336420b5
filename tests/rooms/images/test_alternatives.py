import pytest

from modelyard.rooms.images.alternatives import Alternative, alternative_links, read_alternatives

LAPACK = """\
#!/bin/sh
set -e
update-alternatives --install /usr/lib/x86_64-linux-gnu/liblapack.so.3 \\
                    liblapack.so.3-x86_64-linux-gnu \\
                    /usr/lib/x86_64-linux-gnu/lapack/liblapack.so.3 10
exit 0
"""
WITH_SLAVES = """\
	update-alternatives --quiet --install /bin/nc nc /bin/nc.openbsd 50 --slave /usr/share/man/man1/nc.1.gz nc.1.gz \\
		/usr/share/man/man1/nc_openbsd.1.gz
"""


def test_a_library_behind_a_link_is_found():
    found = list(read_alternatives(LAPACK))
    link, target = "/usr/lib/x86_64-linux-gnu/liblapack.so.3", "/usr/lib/x86_64-linux-gnu/lapack/liblapack.so.3"
    assert found == [Alternative(link, target, 10)]
    entry = alternative_links(found, {target[1:]})[0]
    assert (entry.path, entry.kind, entry.target) == (link[1:], "link", target)


def test_slaves_come_along_and_usr_is_merged():
    found = {one.link: one.target for one in read_alternatives(WITH_SLAVES)}
    assert found == {
        "/usr/bin/nc": "/usr/bin/nc.openbsd",
        "/usr/share/man/man1/nc.1.gz": "/usr/share/man/man1/nc_openbsd.1.gz",
    }


def test_the_highest_priority_that_is_there_wins():
    choices = [Alternative("/usr/bin/x", f"/usr/bin/x{priority}", priority) for priority in (10, 30, 20)]
    assert alternative_links(choices, {"usr/bin/x10", "usr/bin/x20"})[0].target == "/usr/bin/x20"
    assert alternative_links(choices, {"usr/bin/x10", "usr/bin/x"}) == []
    assert alternative_links(choices, set()) == []


@pytest.mark.parametrize(
    "script",
    [
        "",
        "update-alternatives --install $link x /usr/bin/x 10",
        "update-alternatives --install /usr/bin/x x `which x` 10",
        "update-alternatives --install /usr/bin/../../x x /usr/bin/x 10",
        "update-alternatives --install /usr/bin/x x /usr/bin/y high",
        "update-alternatives --remove x /usr/bin/x",
        "# see update-alternatives --install /usr/bin/x x /usr/bin/y 10",
    ],
)
def test_what_is_not_plain_is_passed_over(script):
    assert list(read_alternatives(script)) == []
