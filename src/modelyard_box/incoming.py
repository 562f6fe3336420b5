"""JSON values → what the target's annotations ask for. The annotations themselves are read at run time.

``converter`` returns None where a value can be handed over as it came. A converter is strict: it raises Mismatch
rather than guess, so that the arms of a union can be tried in order. The server has checked the JSON Schema already;
what is left here is what JSON Schema cannot say (base64, images, the user's own classes).
"""

import dataclasses
import sys
import types
import typing
from collections import OrderedDict, abc, defaultdict
from collections.abc import Callable
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from modelyard_box.errors import Mismatch
from modelyard_box.media import Scratch, to_bytes, to_image, to_path
from modelyard_box.outgoing import UnserialisableError, to_plain
from modelyard_box.scalars import SCALARS, Converter

_LISTS: dict[Any, Callable[[list[Any]], Any] | None] = {
    list: None, abc.Sequence: None, abc.MutableSequence: None, abc.Iterable: None, abc.Collection: None,
    set: set, abc.Set: set, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip
_DICTS = frozenset({dict, abc.Mapping, abc.MutableMapping, OrderedDict, defaultdict})
_WRAPPERS = (typing.Annotated, typing.Required, typing.NotRequired, typing.Final, getattr(typing, "ReadOnly", None))


def converter(annotation: Any, scratch: Scratch) -> Converter | None:
    """How to turn JSON into what ``annotation`` says; None when nothing is to be done. ``scratch`` holds files."""
    annotation = bare(annotation)
    if not isinstance(annotation, abc.Hashable):
        return None
    if annotation in SCALARS:
        return SCALARS[annotation]
    if annotation is bytes or annotation is bytearray:
        return lambda value: annotation(to_bytes(value))
    if annotation in (Path, PurePath):
        return lambda value: to_path(value, scratch)
    named = _by_name(annotation)
    return named or _generic(annotation, scratch) or _class(annotation, scratch)


def bare(annotation: Any) -> Any:
    """The annotation without Annotated, NewType, Final, Required, type aliases and the like around it."""
    while True:
        if typing.get_origin(annotation) in _WRAPPERS and typing.get_args(annotation):
            annotation = typing.get_args(annotation)[0]
        elif isinstance(annotation, typing.TypeVar):
            annotation = annotation.__bound__ or Any
        elif isinstance(annotation, dataclasses.InitVar):
            annotation = annotation.type
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def _by_name(annotation: Any) -> Converter | None:
    """Classes of packages that we do not import ourselves."""
    if isinstance(annotation, types.ModuleType):  # `def f(image: Image)` after `from PIL import Image`
        return to_image if annotation.__name__ == "PIL.Image" else None
    kind = typing.get_origin(annotation) or annotation
    module, name = getattr(kind, "__module__", ""), getattr(kind, "__qualname__", "")
    if module == "PIL.Image" and name == "Image":
        return to_image
    if module.partition(".")[0] == "numpy" and name == "ndarray":
        return _array_of(annotation)
    if module.partition(".")[0] == "pandas" and name in ("DataFrame", "Series"):
        return _from_constructor(kind, name)
    if module == "numpy" and hasattr(kind, "dtype"):
        return _from_constructor(kind, name)
    return None


def _generic(annotation: Any, scratch: Scratch) -> Converter | None:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return _union_of([converter(arm, scratch) for arm in arguments if arm is not type(None)])
    if origin is typing.Literal:
        return _one_of([(choice, choice) for choice in arguments])
    if origin is tuple or annotation is tuple:
        return _tuple_of(arguments, scratch)
    if (origin or annotation) in _LISTS:
        return _list_of(converter(arguments[0], scratch) if arguments else None, _LISTS[origin or annotation])
    if (origin or annotation) in _DICTS:
        return _dict_of(converter(arguments[1], scratch) if arguments else None)
    return None


def _class(annotation: Any, scratch: Scratch) -> Converter | None:
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, Enum):
        names = [(name, member) for name, member in annotation.__members__.items()]
        return _one_of([(_json_of(member), member) for member in annotation] + names)
    if typing.is_typeddict(annotation):
        return _record_of(annotation, dict, scratch)
    if dataclasses.is_dataclass(annotation) or (issubclass(annotation, tuple) and hasattr(annotation, "_fields")):
        return _record_of(annotation, annotation, scratch)
    validate = getattr(annotation, "model_validate", None) or getattr(annotation, "parse_obj", None)
    return (lambda value: _pydantic_model(validate, value)) if validate else None


def _list_of(item: Converter | None, wrap: Callable[[list[Any]], Any] | None) -> Converter:
    def convert(values: Any) -> Any:
        if type(values) is not list:
            raise Mismatch("is not a list")
        items = values if item is None else [_at(index, item, value) for index, value in enumerate(values)]
        return items if wrap is None else wrap(items)

    return convert


def _tuple_of(arguments: tuple[Any, ...], scratch: Scratch) -> Converter:
    if not arguments or arguments[-1] is Ellipsis:
        return _list_of(converter(arguments[0], scratch) if arguments else None, tuple)
    items = [converter(argument, scratch) or _same for argument in arguments]

    def convert(values: Any) -> Any:
        if type(values) is not list or len(values) != len(items):
            raise Mismatch(f"is not a list of {len(items)}")
        pairs = zip(items, values, strict=True)
        return tuple(_at(index, item, value) for index, (item, value) in enumerate(pairs))

    return convert


def _dict_of(item: Converter | None) -> Converter:
    def convert(values: Any) -> Any:
        if type(values) is not dict:
            raise Mismatch("is not an object")
        return values if item is None else {key: _at(key, item, value) for key, value in values.items()}

    return convert


def _union_of(arms: list[Converter | None]) -> Converter | None:
    """Tries the arms in order; None (JSON null) passes, since the schema says whether it may."""
    if not any(arms):
        return None

    def convert(value: Any) -> Any:
        if value is None:
            return None
        for arm in arms:
            try:
                return value if arm is None else arm(value)
            except Mismatch as error:
                mismatch = error
        raise mismatch

    return convert


def _record_of(annotation: Any, build: Callable[..., Any], scratch: Scratch) -> Converter:
    """A dataclass, NamedTuple or TypedDict. Its members' converters are made at first use: it may contain itself."""
    members: dict[str, Converter] = {}
    hints: dict[str, Any] = {}

    def convert(values: Any) -> Any:
        if type(values) is not dict:
            raise Mismatch("is not an object")
        if not hints:
            hints.update(typing.get_type_hints(annotation, include_extras=True))
            members.update({name: converter(hint, scratch) or _same for name, hint in hints.items()})
        converted = {name: _at(name, members.get(name, _same), value) for name, value in values.items()}
        try:
            return build(**converted)
        except (TypeError, ValueError) as error:
            raise Mismatch(f"is not a valid {annotation.__name__}: {error}") from error

    return convert


def _pydantic_model(validate: Converter, value: Any) -> Any:
    try:
        return validate(value)
    except ValueError as error:  # pydantic's ValidationError, in both of its generations
        found = error.errors()[0] if hasattr(error, "errors") and error.errors() else {}
        raise Mismatch(found.get("msg") or str(error), list(found.get("loc", ()))) from error


def _one_of(choices: list[tuple[Any, Any]]) -> Converter:
    """The second of the first pair whose first is the value; in JSON 1 is 1.0, but it is not true."""

    def convert(value: Any) -> Any:
        for choice, meant in choices:
            if choice == value and isinstance(choice, bool) is isinstance(value, bool):
                return meant
        raise Mismatch(f"is not one of {', '.join(repr(choice) for choice, _ in choices)}")

    return convert


def _json_of(member: Enum) -> Any:
    """What stands for a member in JSON: its value, or its name where the value has no JSON form."""
    try:
        return to_plain(member)
    except UnserialisableError:
        return member.name


def _array_of(annotation: Any) -> Converter:
    """``numpy.ndarray``, or ``NDArray[numpy.float64]`` and the like, whose element type is then used."""
    dtype = None
    for argument in typing.get_args(annotation)[1:]:
        (element,) = typing.get_args(argument) or (None,)
        dtype = element if isinstance(element, type) else None
    convert = sys.modules["numpy"].asarray
    return _guarded(lambda value: convert(value, dtype=dtype), "is not an array")


def _from_constructor(kind: Any, name: str) -> Converter:
    return _guarded(kind, f"is not a {name}")


def _guarded(convert: Converter, complaint: str) -> Converter:
    def guarded(value: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise Mismatch(f"{complaint}: {error}") from error

    return guarded


def _at(place: str | int, convert: Converter, value: Any) -> Any:
    try:
        return convert(value)
    except Mismatch as error:
        raise error.under(place) from error


def _same(value: Any) -> Any:
    return value
