"""What a pickle would import, told from its instructions alone: it is followed with inert stand-ins, never loaded.

Files of joblib are pickles between whose instructions raw arrays stand, perhaps compressed as a whole; they are
followed too.
"""

import bz2
import gzip
import io
import lzma
import math
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from modelyard.rooms.sources.pickle_opcodes import LONG, Malformed, read_exactly, read_opcodes, skip

MAX_OPCODES = 4_000_000
MAX_STACK = 1_000_000
MAX_BYTES = 64 * 1024**3
MAX_INFLATED = 4 * 1024**3
"""Most bytes that are followed of a file as it is, and of what is decompressed for it."""
MAX_FOUND = 2000
MAX_DEPTH = 3
JOBLIB_WRAPPERS = {"joblib.numpy_pickle.NumpyArrayWrapper"}
DTYPE = re.compile(r"^[<>=|]?([?bBiufcSUVmMO])(\d{0,9})$")
VERSION = re.compile(r"^[0-9][0-9A-Za-z.+!-]{0,40}$")


@dataclass(frozen=True, slots=True)
class Global:
    """Something that the pickle imports: ``module`` and the dotted name in it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class PickleContents:
    """What was seen. ``problem`` says why a file could not be followed to its end; empty where it was.

    ``versions`` are what scikit-learn's estimators say of the version that they were made with. ``is_computed`` when a
    name to import is put together while loading, so that nobody can say which. ``is_joblib`` when raw arrays stand in
    it.
    """

    globals: set[Global] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    is_computed: bool = False
    is_joblib: bool = False
    problem: str = ""

    def modules(self) -> set[str]:
        """The packages at the top of what is imported."""
        return {found.module.partition(".")[0] for found in self.globals}


@dataclass(slots=True)
class _Made:
    """An object that loading would make."""

    cls: Any
    args: Any = None
    state: Any = None


class _Mark:
    """Where a group begins on the stack."""


_MARK = _Mark()
_OPAQUE = object()


def read_pickle(path: Path) -> PickleContents:
    """Follows the pickle or joblib file at ``path``, compressed or not. Blocks while it is read; never raises for what
    is in it."""
    with path.open("rb") as file:
        return read_pickle_stream(file)


def read_pickle_stream(file: IO[bytes], *, limit: int | None = None) -> PickleContents:
    """The same for an open file that can seek, and at most ``limit`` bytes of it."""
    contents = PickleContents()
    try:
        inflated = _decompressed(file)
        bound = MAX_BYTES if inflated is file else MAX_INFLATED
        with _Bounded(inflated, bound if limit is None else min(bound, limit)) as bounded:
            _Machine(io.BufferedReader(bounded, 1 << 16), contents).follow()
    except Malformed as e:
        contents.problem = str(e)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, MemoryError, OverflowError) as e:
        contents.problem = f"it cannot be decompressed ({type(e).__name__})"
    return contents


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    """The file itself, or what comes out of the compressions that joblib writes."""
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if head.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return lzma.LZMAFile(file)
    if head.startswith(b"\x78") and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return _Inflated(file)  # type: ignore[return-value]
    if head.startswith((b"\x04\x22\x4d\x18", b"ZF")):
        raise Malformed("its compression is not read here")
    return file


class _Inflated(io.RawIOBase):
    """The bytes of a zlib stream, inflated as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._file.read(1 << 16)
            if not data:
                raise Malformed("it ends too early")
            if out := self._inflate.decompress(data, len(buffer)):
                buffer[: len(out)] = out
                return len(out)
        return 0


class _Bounded(io.RawIOBase):
    """At most ``limit`` bytes of a file, so that what inflates without end comes to one."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Malformed("it is too large to be followed")
        buffer[: len(data)] = data
        return len(data)


class _Machine:
    """The pickle machine with stand-ins for what it would make; ``budget`` is shared with pickles inside."""

    def __init__(self, file: IO[bytes], contents: PickleContents, *, depth: int = 0, budget: list[int] | None = None):
        self._file = file
        self._contents = contents
        self._depth = depth
        self._budget = [MAX_OPCODES] if budget is None else budget
        self._stack: list[Any] = []
        self._memo: dict[Any, Any] = {}

    def follow(self) -> None:
        """To ``STOP``; raises ``Malformed``."""
        for name, argument in read_opcodes(self._file):
            self._budget[0] -= 1
            if self._budget[0] < 0 or len(self._stack) > MAX_STACK or len(self._memo) > MAX_STACK:
                raise Malformed("it has too many instructions to be followed")
            self._step(name, argument)

    def _step(self, name: str, argument: Any) -> None:  # noqa: PLR0912 (one arm for each kind of instruction)
        match name:
            case "PROTO" | "FRAME" | "STOP" | "READONLY_BUFFER":
                return
            case "MARK":
                self._stack.append(_MARK)
            case "POP":
                self._pop()
            case "POP_MARK":
                self._pop_group()
            case "DUP":
                self._stack.append(self._top())
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._top()
            case "MEMOIZE":
                self._memo[len(self._memo)] = self._top()
            case "GET" | "BINGET" | "LONG_BINGET":
                self._stack.append(self._memo.get(argument, _OPAQUE))
            case "GLOBAL" | "STACK_GLOBAL":
                self._stack.append(self._import(name, argument))
            case "INST" | "OBJ" | "NEWOBJ" | "NEWOBJ_EX" | "REDUCE":
                self._make(name, argument)
            case "BUILD":
                self._build()
            case "SETITEM" | "SETITEMS" | "DICT":
                self._set_items(name)
            case "APPEND" | "APPENDS" | "ADDITEMS" | "LIST" | "FROZENSET":
                self._collect(name)
            case "TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3" | "EMPTY_TUPLE":
                self._stack.append(self._tuple(name))
            case "EMPTY_DICT":
                self._stack.append({})
            case "EXT1" | "EXT2" | "EXT4":
                self._contents.is_computed = True  # a number that stands for a name which only the loader knows
                self._stack.append(_OPAQUE)
            case "BINPERSID":
                self._stack[-1:] = [_OPAQUE]
            case _:
                self._stack.append(_constant(name, argument))

    def _import(self, name: str, argument: Any) -> Any:
        if name == "GLOBAL":
            module, _, attribute = argument.partition(" ")
        else:
            attribute, module = self._pop(), self._pop()
        if not isinstance(module, str) or not isinstance(attribute, str):
            self._contents.is_computed = True
            return _OPAQUE
        found = Global(module, attribute)
        if len(self._contents.globals) < MAX_FOUND:
            self._contents.globals.add(found)
        elif found not in self._contents.globals:
            raise Malformed("it imports too many names to be followed")
        return found

    def _make(self, name: str, argument: Any) -> None:
        match name:
            case "INST":
                self._pop_group()
                cls, args = self._import("GLOBAL", argument), None
            case "OBJ":
                group = self._pop_group()
                cls, args = (group[0] if group else _OPAQUE), None
            case "NEWOBJ_EX":
                self._pop()
                args, cls = self._pop(), self._pop()
            case _:
                args, cls = self._pop(), self._pop()
        self._stack.append(_Made(cls, args))

    def _build(self) -> None:
        state, made = self._pop(), self._top()
        if not isinstance(made, _Made):
            return
        made.state = state
        if str(made.cls) in JOBLIB_WRAPPERS:
            self._contents.is_joblib = True
            self._pass_array(state)

    def _set_items(self, name: str) -> None:
        items = [self._pop(), self._pop()][::-1] if name == "SETITEM" else self._pop_group()
        if name == "DICT":
            self._stack.append({})
        target = self._top()
        for key, value in zip(items[::2], items[1::2], strict=False):
            if not isinstance(key, str):
                continue
            if key == "_sklearn_version" and isinstance(value, str) and VERSION.match(value):
                self._contents.versions.add(value)
            if isinstance(target, dict):
                target[key] = value

    def _collect(self, name: str) -> None:
        if name == "APPEND":
            self._pop()
            return
        self._pop_group()
        if name in ("LIST", "FROZENSET"):
            self._stack.append(_OPAQUE)

    def _tuple(self, name: str) -> Any:
        if name == "TUPLE":
            return tuple(self._pop_group())
        count = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}[name]
        return tuple(self._pop() for _ in range(count))[::-1]

    def _pass_array(self, state: Any) -> None:
        """The raw array that joblib writes behind its wrapper (``joblib.numpy_pickle``, formats since 0.10)."""
        fields = state if isinstance(state, dict) else {}
        size = _item_size(fields.get("dtype"))
        if size is None:
            self._nested()
            return
        if fields.get("numpy_array_alignment_bytes") is not None:
            skip(self._file, read_exactly(self._file, 1)[0])
        shape = fields.get("shape")
        if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise Malformed("an array's shape cannot be told")
        skip(self._file, math.prod(shape) * size)

    def _nested(self) -> None:
        """An array of objects, which joblib writes as a pickle of its own."""
        if self._depth >= MAX_DEPTH:
            raise Malformed("pickles are nested too deeply in it")
        _Machine(self._file, self._contents, depth=self._depth + 1, budget=self._budget).follow()

    def _pop(self) -> Any:
        if not self._stack:
            raise Malformed("it takes more from its stack than there is")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            raise Malformed("it takes more from its stack than there is")
        return self._stack[-1]

    def _pop_group(self) -> list[Any]:
        """What was pushed since the last mark."""
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                group = self._stack[index + 1 :]
                del self._stack[index:]
                return group
        raise Malformed("a group has no beginning")


def _constant(name: str, argument: Any) -> Any:
    constants = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
    if name in constants:
        return constants[name]
    return argument if isinstance(argument, str | int) and argument is not LONG and name != "PERSID" else _OPAQUE


def _item_size(dtype: Any) -> int | None:
    """Bytes of one item of a numpy type; None for objects. Raises ``Malformed`` when it cannot be told."""
    code = dtype.args[0] if isinstance(dtype, _Made) and isinstance(dtype.args, tuple) and dtype.args else None
    match = DTYPE.match(code) if isinstance(code, str) else None
    if match is None or str(dtype.cls) != "numpy.dtype":
        raise Malformed("the type of an array cannot be told")
    kind, digits = match[1], int(match[2] or 1)
    if kind == "O":
        return None
    return digits * 4 if kind == "U" else digits
