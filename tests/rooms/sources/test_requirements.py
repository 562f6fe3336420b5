"""Requirements are data: what is read, and every way of saying more that is refused by name."""

# ruff: noqa: E501 (rows of tables)

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from modelyard.rooms.sources.errors import RequirementsInvalid
from modelyard.rooms.sources.requirements import parse_requirements


def refused(text: str | bytes) -> RequirementsInvalid:
    with pytest.raises(RequirementsInvalid) as e:
        parse_requirements(text)
    return e.value


def test_plain_requirements():
    text = "\n# tools\nnumpy==2.1.0   # pinned\nscikit_learn >= 1.7, < 2\nuvicorn[standard]\n  torch ; python_version < '3.13'\n"
    found = parse_requirements(text)
    assert found.lines == (
        "numpy==2.1.0",
        "scikit_learn<2,>=1.7",
        "uvicorn[standard]",
        'torch; python_version < "3.13"',
    )
    assert parse_requirements(found.text) == found


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\r\n", b""])
def test_none(text):
    assert parse_requirements(text).lines == ()
    assert parse_requirements(text).text == ""


@pytest.mark.parametrize(
    ("mark", "encoding", "notes"),
    [(codecs.BOM_UTF8, "utf-8", 0), (codecs.BOM_UTF16_LE, "utf-16-le", 1), (codecs.BOM_UTF16_BE, "utf-16-be", 1), (b"", "utf-8", 0)],
)  # fmt: skip
def test_encodings(mark, encoding, notes):
    found = parse_requirements(mark + "numpy\r\nsix # é\r\n".encode(encoding))
    assert found.lines == ("numpy", "six")
    assert len(found.notes) == notes


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("-i https://evil.example/simple", "-i"),
        ("--index-url https://evil.example/simple", "--index-url"),
        ("--index-url=https://evil.example/simple", "--index-url"),
        ("--extra-index-url https://evil.example", "--extra-index-url"),
        ("--no-index", "--no-index"),
        ("-r other.txt", "-r"),
        ("--requirement other.txt", "--requirement"),
        ("-c constraints.txt", "-c"),
        ("--constraint c.txt", "--constraint"),
        ("-e .", "-e"),
        ("-e git+https://example.org/a.git#egg=a", "-e"),
        ("--editable ./a", "--editable"),
        ("-f ./wheels", "-f"),
        ("--find-links https://evil.example", "--find-links"),
        ("--trusted-host evil.example", "--trusted-host"),
        ("--no-binary :all:", "--no-binary"),
        ("--only-binary :all:", "--only-binary"),
        ("--prefer-binary", "--prefer-binary"),
        ("--pre", "--pre"),
        ("--require-hashes", "--require-hashes"),
        ("--use-feature=fast", "--use-feature"),
        ("numpy --global-option=x", "--global-option"),
        ("numpy --config-settings a=b", "--config-settings"),
        ("numpy -i https://evil.example", "-i"),
        ("numpy==1 --hash=sha256:abc", "--hash"),
        ("--hash=sha256:abc", "--hash"),
        ("numpy==1 \\", "backslash"),
        ("\\", "backslash"),
        ("numpy @ https://example.org/numpy.whl", "URL"),
        ("numpy @ file:///home/me/numpy.whl", "URL"),
        ("numpy @ git+https://example.org/numpy", "URL"),
        ("git+https://example.org/numpy.git", "URL"),
        ("git+ssh://git@example.org/numpy.git", "URL"),
        ("hg+http://example.org/a", "URL"),
        ("https://example.org/a-1.0.tar.gz", "URL"),
        ("file:./a", "URL"),
        ("./a", "path"),
        ("../a", "path"),
        (".", "path"),
        ("/opt/a", "path"),
        ("~/a", "path"),
        ("C:\\a", "path"),
        ("a-1.0-py3-none-any.whl", "path"),
        ("dist/a-1.0.tar.gz", "path"),
        ("${TOKEN}", "environment variable"),
        ("numpy==${VERSION}", "environment variable"),
        ("$HOME", "environment variable"),
        ("%USERPROFILE%", "environment variable"),
        ("numpy==1; $(id)", "not a requirement"),
        ("numpy; rm -rf /", "not a requirement"),
        ("numpy==", "not a requirement"),
        ("numpy 1.0", "not a requirement"),
        ("nümpy", "not a requirement"),
        ("[extra]", "not a requirement"),
        ("a\x00b", "control"),
        ("a\x1bb", "control"),
        ("a\u2028b", "control"),
        ("a" * 2000, "longer"),
    ],
)
def test_forbidden_line_is_named(line, named):
    error = refused(f"six\n{line}\n")
    assert [problem.line for problem in error.problems] == [2]
    assert "line 2" in error.detail
    assert named in error.detail
    assert error.detail.isprintable()
    assert error.remedy
    assert (error.field, error.code, error.status) == ("requirements", "requirements_invalid", 422)


def test_every_problem_is_told_at_once():
    error = refused("-r a\nnumpy\n./b\n")
    assert [problem.line for problem in error.problems] == [1, 3]


def test_conda_gets_its_own_remedy():
    assert "pip list --format=freeze" in refused("numpy @ file:///croot/numpy/work").remedy


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_for_every_line_end(end):
    assert refused(end.join(["a", "b", "-r c"])).problems[0].line == 3


def test_duplicates():
    assert parse_requirements("Foo.Bar==1\nfoo-bar==1\n").lines == ("Foo.Bar==1",)
    assert parse_requirements("a[x]>=1\na[y]>=1\n").lines == ("a[x,y]>=1",)
    markers = "a==1; python_version<'3.12'\na==2; python_version>='3.12'"
    assert len(parse_requirements(markers).lines) == 2
    error = refused("a==1\nb\nA==2\n")
    assert "line 3: A is required differently on line 1" in error.detail


def test_not_text():
    assert "UTF-8" in refused(b"numpy\n\xff\xfe\xfa").detail
    assert refused(b"numpy\n\xff").problems[0].line == 2
    assert "UTF-16" in refused(codecs.BOM_UTF16_LE + b"a").detail


def test_sizes():
    assert "KiB" in refused("a\n" * 200_000).detail
    assert "KiB" in refused(b"a" * 2_000_000).detail
    assert "1000" in refused("\n".join(f"p{i}" for i in range(1001))).detail


@settings(deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_anything_is_read_or_refused(text):
    try:
        found = parse_requirements(text)
    except RequirementsInvalid:
        return
    for line in found.lines:
        assert Requirement(line).url is None
        assert line.isprintable()
        assert not line.startswith("-")
    assert parse_requirements(found.text).lines == found.lines
