"""Labels what a push holds of trained weights: what their format can do, and what was seen in them.

A label tells people what to look at. It is no promise: what a file does can only be known by what it does in a run.
"""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from modelyard.rooms.sources.keras_files import HDF5, KERAS_SUFFIX, read_keras
from modelyard.rooms.sources.pickles import MAX_INFLATED, Global, PickleContents, read_pickle, read_pickle_stream
from modelyard.rooms.sources.xgboost_files import XGBOOST, is_xgboost

PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".p", ".dill", ".cloudpickle")
TORCH = (".pt", ".pth", ".ckpt")
UNTOLD = (".bin", "")
"""Suffixes of anything; some are pickles, or files of PyTorch."""
DATA_ONLY = {".onnx": "onnx", ".safetensors": "safetensors", ".skops": "skops"}
MAX_FILES = 100
MAX_FINDINGS = 20
LIBRARIES = frozenset(
    {"sklearn", "numpy", "scipy", "pandas", "xgboost", "lightgbm", "catboost", "joblib", "torch", "datetime", "decimal"}
)
MAKERS = frozenset(
    {
        "_reconstruct", "_reconstructor", "_frombuffer", "scalar", "dtype", "ndarray", "_unpickle_block", "new_block",
        "_new_Index", "_new_DatetimeIndex", "_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_parameter",
        "__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor", "csr_matrix", "csc_matrix",
        "expit", "logit", "float64", "float32", "int64", "int32", "bool_", "str_",
    }
)  # fmt: skip
"""Functions and lower-case types by which well-known libraries write their own objects."""
BUILTIN_TYPES = (
    "object set frozenset slice bytearray bytes complex int float bool str list dict tuple range type"  # no getattr
)
PLAIN = frozenset(f"{m}.{name}" for m in ("builtins", "__builtin__") for name in BUILTIN_TYPES.split()) | frozenset(
    [
        "pathlib.PosixPath",
        "pathlib.PurePosixPath",
        "pathlib.WindowsPath",
        "copyreg._reconstructor",
        "copy_reg._reconstructor",
        "_codecs.encode",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "collections.deque",
        "uuid.UUID",
        "fractions.Fraction",
    ]
)
POWERS = frozenset(
    [
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "shutil",
        "socket",
        "importlib",
        "imp",
        "runpy",
        "pty",
        "ctypes",
        "_ctypes",
        "pickle",
        "_pickle",
        "marshal",
        "shelve",
        "code",
        "codeop",
        "webbrowser",
        "bdb",
        "pdb",
        "timeit",
        "cProfile",
        "profile",
        "trace",
        "types",
        "gc",
        "inspect",
        "signal",
        "multiprocessing",
        "threading",
        "_thread",
        "asyncio",
        "http",
        "urllib",
        "requests",
        "httpx",
        "aiohttp",
        "ftplib",
        "smtplib",
        "telnetlib",
        "pip",
        "setuptools",
        "distutils",
        "platform",
        "pathlib",
        "tempfile",
        "glob",
        "io",
        "_io",
        "zipimport",
        "pkgutil",
        "commands",
        "popen2",
        "pydoc",
        "doctest",
        "idlelib",
        "builtins",
        "__builtin__",
        "venv",
        "ensurepip",
        "fileinput",
        "linecache",
        "atexit",
    ]
)
"""Modules that reach beyond a model: programs, files, the network, other code."""
DANGEROUS = frozenset(
    {
        "numpy.testing._private.utils.runstring", "numpy.load", "numpy.fromfile", "numpy.f2py.crackfortran.getlincoef",
        "pandas.read_pickle", "pandas.io.pickle.read_pickle", "pandas.eval", "joblib.load",
        "joblib.numpy_pickle.load", "torch.load", "torch.serialization.load", "torch.hub.load", "torch.jit.load",
        "operator.methodcaller", "operator.attrgetter", "_operator.methodcaller", "_operator.attrgetter",
        "torch.utils.cpp_extension.load", "torch.utils._config_module.load_config", "scipy.io.loadmat",
    }
)  # fmt: skip


class Label(StrEnum):
    """From the harmless to the doubtful; the label of several files is that of the most doubtful."""

    DATA = "data"
    KNOWN = "known-code"
    OTHER = "other-code"
    UNREADABLE = "unreadable"
    SUSPICIOUS = "suspicious"


MEANING = {
    Label.DATA: "The format holds numbers and a description of the model, and no code to be run by loading it.",
    Label.KNOWN: "Loading it can run code; only classes of well-known libraries are named in it.",
    Label.OTHER: "Loading it runs code that is not that of well-known libraries.",
    Label.UNREADABLE: "Loading it can run code, and what is in it could not be followed to its end.",
    Label.SUSPICIOUS: "Loading it reaches for what a model does not need, such as programs, files or other code.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen in one file. ``path`` is its path in the commit."""

    path: str
    format: str
    label: Label
    details: tuple[str, ...] = ()


def label_weights(files: Iterable[tuple[str, Path]]) -> dict[str, Any] | None:
    """The label of the model files among ``files`` (path in the commit, file); None where there is none.

    Reads every one to its end, so it may take seconds for large ones.
    """
    findings = [finding for path, file in files if (finding := scan_file(path, file))][:MAX_FILES]
    if not findings:
        return None
    worst = max(findings, key=lambda finding: list(Label).index(finding.label))
    return {
        "format": worst.format,
        "label": worst.label.value,
        "meaning": MEANING[worst.label],
        "findings": [_shown(f, detail) for f in findings for detail in f.details or ("",)][:MAX_FINDINGS],
    }


def scan_file(path: str, file: Path) -> Finding | None:
    """The finding for one file; None for a file that is no weights."""
    suffix = Path(path).suffix.lower()
    if suffix in DATA_ONLY or is_xgboost(file):
        return Finding(path, DATA_ONLY.get(suffix, "xgboost"), Label.DATA)
    if suffix == KERAS_SUFFIX:
        return _keras(path, file)
    if suffix in HDF5:
        return Finding(path, "hdf5", Label.UNREADABLE, ("HDF5 is not looked into: a Lambda layer in it holds code.",))
    if suffix in (*TORCH, ".bin") and zipfile.is_zipfile(file):
        return _torch(path, file)
    if suffix in (*PICKLES, *TORCH) or (suffix in UNTOLD and _begins_as_pickle(file)):
        return _pickle(path, read_pickle(file), "pickle")
    return None


def _shown(finding: Finding, detail: str) -> dict[str, str]:
    return {"path": finding.path, "label": finding.label.value, "detail": detail}


def _keras(path: str, file: Path) -> Finding:
    """Lambda layers hold bytecode that only a reader who asks for it would run (Keras' ``safe_mode``)."""
    found = read_keras(file)
    if found.problem:
        return Finding(path, "keras", Label.UNREADABLE, (found.problem,))
    label = Label.OTHER if found.has_lambda else Label.DATA
    details = ("It has a Lambda layer, which holds code.",) if found.has_lambda else ()
    return Finding(path, "keras", label, details)


def _torch(path: str, file: Path) -> Finding:
    """A file of ``torch.save``: a zip with a pickle in it; the tensors lie beside that as plain bytes."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(("/data.pkl", "/constants.pkl"))][:4]
            if any("/code/" in name for name in archive.namelist()):
                return Finding(path, "torch", Label.OTHER, ("It holds code of its own (TorchScript).",))
            findings = [_pickle_inside(path, archive, name) for name in names]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        findings = []
    if not findings:
        return Finding(path, "torch", Label.UNREADABLE, ("It is a damaged archive.",))
    return max(findings, key=lambda finding: list(Label).index(finding.label))


def _pickle_inside(path: str, archive: zipfile.ZipFile, name: str) -> Finding:
    with archive.open(name) as inner:
        return _pickle(path, read_pickle_stream(inner, limit=MAX_INFLATED), "torch")


def _pickle(path: str, contents: PickleContents, kind: str) -> Finding:
    bad = sorted(str(found) for found in contents.globals if is_suspicious(found))
    other = sorted(str(found) for found in contents.globals if not is_suspicious(found) and not is_known(found))
    kind = "joblib" if contents.is_joblib else kind
    computed = ("It puts together a name to import while loading.",) if contents.is_computed else ()
    problem = (f"It could not be followed: {contents.problem}.",) if contents.problem else ()
    if bad or computed:
        return Finding(path, kind, Label.SUSPICIOUS, (*(f"It imports {name}." for name in bad), *computed, *problem))
    if problem:
        return Finding(path, kind, Label.UNREADABLE, problem)
    if other:
        return Finding(path, kind, Label.OTHER, tuple(f"It imports {name}." for name in other))
    return Finding(path, kind, Label.KNOWN)


def is_suspicious(found: Global) -> bool:
    """Whether an import reaches beyond a model. A dotted name can walk from one module into another."""
    full = str(found)
    if full in PLAIN:
        return False
    parts = set(found.name.split("."))
    walks = "." in found.name and bool(parts & (POWERS | {"__globals__", "__builtins__", "__dict__", "__class__"}))
    return found.module.partition(".")[0] in POWERS or full in DANGEROUS or walks


def is_known(found: Global) -> bool:
    """Whether an import is a class, or a known maker of objects, of a well-known library."""
    if str(found) in PLAIN:
        return True
    if found.module.partition(".")[0] not in LIBRARIES:
        return False
    last = found.name.rpartition(".")[2]
    is_class = last.lstrip("_")[:1].isupper()  # scikit-learn has private classes too
    return is_class or last in MAKERS or last.startswith("__pyx_unpickle_")


def _begins_as_pickle(file: Path) -> bool:
    """Protocol 2 and later begin so."""
    with file.open("rb") as stream:
        head = stream.read(2)
    return len(head) == 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def weight_files(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """The files of a tree that may be weights, by their names."""
    suffixes = {*PICKLES, *TORCH, *DATA_ONLY, *HDF5, *XGBOOST, KERAS_SUFFIX, ".bin"}
    return ((path, root / path) for path in sorted(paths) if Path(path).suffix.lower() in suffixes)
