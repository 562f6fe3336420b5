"""Where a target is: found through modules and classes, refused only when it is provably absent."""

# ruff: noqa: E501 (rows of tables)

import pytest

from modelyard.rooms.signatures import service
from modelyard.rooms.signatures.errors import SourceSyntax, TargetInvalid, TargetMissing
from modelyard.rooms.signatures.schemas import Target

FOUND = ["a"]


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("m:predict", {"m.py": "def predict(a: int): ..."}),
        ("pkg:predict", {"pkg/__init__.py": "def predict(a: int): ..."}),
        ("pkg.sub.m:predict", {"pkg/sub/m.py": "def predict(a: int): ..."}),
        ("m:predict", {"m.py": "from n import predict", "n.py": "def predict(a: int): ..."}),
        ("m:predict", {"m.py": "from n import run as predict", "n.py": "from o import run", "o.py": "def run(a: int): ..."}),
        ("m:predict", {"m.py": "from n import *", "n.py": "def predict(a: int): ..."}),
        ("m:predict", {"m.py": "def _p(a: int): ...\npredict = _p"}),
        ("m:predict", {"m.py": "import n\npredict = n.run", "n.py": "def run(a: int): ..."}),
        ("pkg.m:predict", {"pkg/__init__.py": "", "pkg/m.py": "from .n import predict", "pkg/n.py": "def predict(a: int): ..."}),
        ("pkg.m:predict", {"pkg/m.py": "from . import n\npredict = n.predict", "pkg/n.py": "def predict(a: int): ..."}),
        ("pkg:predict", {"pkg/__init__.py": "from .n import predict", "pkg/n.py": "def predict(a: int): ..."}),
        ("m:predict", {"m.py": "try:\n    import fast\n    from n import predict\nexcept ImportError:\n    predict = None",
                       "n.py": "def predict(a: int): ..."}),
        ("m:C.predict", {"m.py": "class C:\n    def predict(self, a: int): ..."}),
        ("m:C.predict", {"m.py": "class B:\n    def predict(self, a: int): ...\nclass C(B): ..."}),
        ("m:C.predict", {"m.py": "from n import B\nclass C(B): ...", "n.py": "class A:\n    def predict(self, a: int): ...\nclass B(A): ..."}),
        ("m:C.predict", {"m.py": "from n import C", "n.py": "class C:\n    def run(self, a: int): ...\n    predict = run"}),
        ("m:C.predict", {"m.py": "from torch import nn\nclass M:\n    def predict(self, a: int): ...\nclass C(nn.Module, M): ..."}),
        ("m:predict", {"m.py": "class C:\n    @staticmethod\n    def predict(a: int): ...\npredict = C.predict"}),
        ("m:predict", {"m.py": "\ufeffdef predict(a: int): ..."}),
        ("m:predict", {"m.py": "# -*- coding: latin-1 -*-\n# é\ndef predict(a: int): ...".encode("latin-1")}),
    ],
)  # fmt: skip
def test_found(read, target, files):
    assert list(read(target=target, files=files).inputs["properties"]) == FOUND


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("m:predict", {"m.py": "from installed import predict"}),
        ("m:predict", {"m.py": "from installed import *"}),
        ("m:predict", {"m.py": "import functools\ndef f(a, b): ...\npredict = functools.partial(f, 1)"}),
        ("m:predict", {"m.py": "predict = lambda a: a"}),
        ("m:predict", {"m.py": "predict, other = make()"}),
        ("m:predict", {"m.py": "for predict in []: ..."}),
        ("m:predict", {"m.py": "def __getattr__(name): ..."}),
        ("m:predict", {"m.py": "globals()['predict'] = print"}),
        ("m:predict", {"m.py": "import sys\nsetattr(sys.modules[__name__], 'predict', print)"}),
        ("m:predict", {"m.py": "def load():\n    global predict\n    predict = print\nload()"}),
        ("m:predict", {"m.py": "if x:\n    def predict(a): ...\nelse:\n    def predict(b): ..."}),
        ("m:predict", {"m.py": "class predict:\n    def __call__(self, a): ..."}),
        ("m:predict", {"m.py": "try:\n    from n import predict\nexcept ImportError:\n    from installed import predict", "n.py": ""}),
        ("m:predict", {"m.py": "from n import predict", "n.py": "from m import predict"}),
        ("m:predict", {"m.py": "predict = predict"}),
        ("m:predict", {"m.cpython-311-x86_64-linux-gnu.so": b"\x7fELF", "m.py": None}),
        ("pkg.m:predict", {"pkg/__init__.py": "import sys\nsys.modules['pkg.m'] = sys"}),
        ("m:C.predict", {"m.py": "from sklearn.base import BaseEstimator\nclass C(BaseEstimator): ..."}),
        ("m:C.predict", {"m.py": "from installed import C"}),
        ("m:C.predict", {"m.py": "class C:\n    def __getattr__(self, name): ..."}),
        ("m:C.predict", {"m.py": "class C:\n    def __init__(self, model):\n        self.predict = model.predict"}),
        ("m:C.predict", {"m.py": "@register\nclass C: ..."}),
        ("m:C.predict", {"m.py": "class C(metaclass=Meta): ..."}),
        ("m:C.predict", {"m.py": "class C: ...\nC.predict = lambda self, a: a"}),
        ("m:C.predict", {"m.py": "class C(C): ..."}),
        ("m:C.predict", {"m.py": "C = make_class()"}),
        ("m:C.predict", {"m.py": "class C:\n    predict = property(lambda self: print)"}),
    ],
)  # fmt: skip
def test_not_provably_absent_is_permissive(read, target, files):
    signature = read(target=target, files=files)
    assert signature.inputs["additionalProperties"] is True
    assert signature.inputs["properties"] == {}
    assert "because" in signature.notes[0]


@pytest.mark.parametrize(
    ("target", "source", "detail", "remedy"),
    [
        ("n:predict", "", "no module n", "pushed source"),
        ("mm:predict", "", "no module mm", "Did you mean m?"),
        ("m:predict", "def predicts(a): ...", "m.py has no function predict", "Did you mean predicts?"),
        ("m:predict", "def run(a): ...\nclass C: ...", "m.py has no function predict", "It has run, C."),
        ("m:predict", "X = 1", "m.py has no function predict", "no function or class"),
        ("m:predict", "from h import predict", "m.py:1 imports predict from h, but h.py has no predict", "helper"),
        ("m:predict", "\nfrom .gone import predict", "m.py:2", ""),
        ("m:C.predict", "class D: ...", "m.py has no class C", "It has D."),
        (
            "m:C.predict",
            "class C:\n    def predic(self, a): ...",
            "the class C has no method predict",
            "Did you mean predic?",
        ),
        ("m:C.predict", "import abc\nclass B(abc.ABC): ...\nclass C(B): ...", "the class C has no method predict", ""),
        ("m.sub:predict", "", "no module m.sub", ""),
        ("deep:predict", "", "no module deep", "folder/deep.py"),
    ],
)
def test_provably_absent(read, target, source, detail, remedy):
    files = {"h.py": "def helper(): ...", "folder/deep.py": "def predict(a): ..."}
    with pytest.raises(TargetMissing) as e:
        read(source, target, files=files)
    assert detail in e.value.detail
    assert remedy in e.value.remedy
    assert e.value.field
    assert e.value.field.startswith("predict/")


def test_absent_target_says_where(read):
    with pytest.raises(TargetMissing) as e:
        read("def a(): ...\ndef b(): ...")
    assert (e.value.path, e.value.candidates) == ("m.py", ("a", "b"))


def test_syntax_error_says_where(read):
    with pytest.raises(SourceSyntax) as e:
        read("def predict(a):\n    return a +\n")
    assert (e.value.path, e.value.line) == ("m.py", 2)
    assert e.value.detail.startswith("m.py:2: ")


def test_syntax_error_in_a_module_on_the_way(read):
    with pytest.raises(SourceSyntax) as e:
        read("from n import predict", files={"n.py": "def (:"})
    assert e.value.path == "n.py"


def test_newer_syntax_than_ours_is_not_refused(read):
    signature = read("type X = int\ndef predict(a: X): ...", python=(3, 13))
    assert "3.13" in signature.notes[0] or signature.inputs["properties"]


def test_older_python_refuses_newer_syntax(read):
    with pytest.raises(SourceSyntax):
        read("match x:\n    case 1: ...\ndef predict(a): ...", python=(3, 9))


@pytest.mark.parametrize("text", ["\x00", "(" * 300, "# coding: nonsense\n", b"# coding: utf-8\n\xff"])
def test_source_that_is_not_python(read, text):
    with pytest.raises(SourceSyntax) as e:
        read(files={"m.py": text})
    assert "m.py" in e.value.detail


@pytest.mark.parametrize("text", ["x = " + "-" * 100_000 + "1", "a" + ".a" * 50_000, "1" + "+1" * 3000])
def test_source_nested_too_deeply_is_not_refused(read, text):
    assert "too deeply" in read(f"{text}\ndef predict(a): ...").notes[0]


def test_large_modules_are_not_parsed(read):
    assert "too large" in read("def predict(a): ...\n" + "#" * 300_000).notes[0]
    assert "too large" in read("def predict(a): ...\nf'" + "{x}" * 20_000 + "'").notes[0]


def test_nothing_outside_the_tree_is_read(read, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret.py").write_text("def predict(stolen): ...")
    (tmp_path / "linked").symlink_to(outside)
    (tmp_path / "one.py").symlink_to(outside / "secret.py")
    for target in ("linked.secret:predict", "one:predict"):
        with pytest.raises(TargetMissing):
            read("", target)


def test_nothing_is_executed(read, tmp_path):
    witness = tmp_path / "witness"
    read(f"open({str(witness)!r}, 'w')\ndef predict(a: print(1) = open({str(witness)!r}, 'w')): ...")
    assert not witness.exists()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("m:f", Target("m", "f")),
        ("a.b:f", Target("a.b", "f")),
        ("m:C.f", Target("m", "f", "C")),
        ("m:C.__call__", Target("m", "__call__", "C")),
        ("módulo:prédire", Target("módulo", "prédire")),
    ],
)
def test_parse_target(text, target):
    assert service.parse_target(text) == target
    assert str(target) == text


@pytest.mark.parametrize(
    "text",
    ["", "m", "m.f", ":f", "m:", "m:f:g", "m:C.", "m:.f", "m:A.B.f", "m:f\n", "m\n:f", "m:f; rm -rf /", "m:$(id)", "m:`id`",
     "../m:f", "m/n:f", "m:f()", "m:class", "import:f", "m:f g", "-m:f", "m:ﬁt", "m:" + "f" * 300, "m..n:f", "m:f\x00"],
)  # fmt: skip
def test_parse_target_refuses(text):
    with pytest.raises(TargetInvalid) as e:
        service.parse_target(text)
    assert "\n" not in e.value.detail
    assert e.value.field
