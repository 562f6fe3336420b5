import pytest

from modelyard.adapters.debian.mirrors import PUBLIC, PUBLIC_SECURITY, Mirrors, read_mirrors

ONE_LINERS = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian bookworm main contrib # ours
deb-src http://sources.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
deb https://vendor.example/apt stable-of-ours main
"""
STANZAS = """\
Types: deb deb-src
URIs: http://stanza.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://stanza.example/security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main
"""


def test_one_liners_are_read(tmp_path):
    (tmp_path / "sources.list").write_text(ONE_LINERS)
    assert read_mirrors(tmp_path) == Mirrors("http://mirror.example/debian", "http://mirror.example/security")


def test_stanzas_are_read(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(STANZAS)
    assert read_mirrors(tmp_path) == Mirrors("http://stanza.example/debian", "http://stanza.example/security")


@pytest.mark.parametrize("text", ["", "deb", "deb https://vendor.example/apt cloud main\n", "\xff\xfe nonsense"])
def test_a_host_that_is_not_debian_uses_the_public_archive(tmp_path, text):
    (tmp_path / "sources.list").write_text(text, encoding="latin-1")
    assert read_mirrors(tmp_path) == Mirrors(PUBLIC, PUBLIC_SECURITY)
