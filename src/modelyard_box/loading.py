"""Loading the target exactly once: the module, the model file, the class; and how its inputs convert."""

import importlib
import inspect
import os
import site
import sys
import typing
from collections.abc import Callable
from types import ModuleType
from typing import Any

from modelyard_box.artifacts import read_artifact
from modelyard_box.config import BatchLimits, Box, Target
from modelyard_box.errors import LoadError
from modelyard_box.incoming import Converter, converter
from modelyard_box.media import Scratch
from modelyard_box.reasons import code_reason, import_reason

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Loaded:
    """A target that is ready to be called: ``function(*leading, **inputs)`` once ``converters`` were applied.

    ``batch`` is set where rows of several calls may be put together (``batching`` says how), by the author's word or
    because the kind of model is known to allow it. ``batcher`` puts them together in a way of its own; None: by rows.
    """

    def __init__(self, function: Callable[..., Any], leading: tuple[Any, ...]) -> None:
        self.function = function
        self.leading = leading
        self.scratch = Scratch()
        self.notes: list[str] = []
        self.batch: BatchLimits | None = None
        self.batcher: Any = None
        parameters = _parameters(function)[len(leading) :]
        self.names = [parameter.name for parameter in parameters]
        self.hints = self._hints(function)
        self.converters = self._converters(self.names, self.hints)
        self.positional_only = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        self.is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)

    def _converters(self, names: list[str], hints: dict[str, Any]) -> dict[str, Converter]:
        found = {name: converter(hints[name], self.scratch) for name in names if name in hints}
        return {name: convert for name, convert in found.items() if convert is not None}

    def _hints(self, function: Callable[..., Any]) -> dict[str, Any]:
        try:
            return typing.get_type_hints(function, include_extras=True)
        except Exception as error:
            self.notes.append(f"annotations cannot be evaluated, so inputs arrive as plain JSON ({code_reason(error)})")
            return {}


def enable_paths(box: Box) -> None:
    """Gives this process the user's packages and source, and nothing of ours.

    The source comes first, as it does for a script, and the packages last, as in an ordinary Python.
    """
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path[:] = [box.source, *(entry for entry in sys.path if os.path.abspath(entry) != ours)]  # noqa: PTH100
    site.addsitedir(box.site)
    sys.argv = ["modelyard_box"]


def load_target(box: Box) -> Loaded:
    """Imports and instantiates what ``box`` names. Raises LoadError, with the user's exception as its cause."""
    try:
        loaded = _load(box)
        loaded.batch = loaded.batch or box.batch
        return loaded
    except LoadError:
        raise
    except BaseException as error:  # user code runs in unexpected places: properties, descriptors, metaclasses
        raise LoadError(f"the target cannot be loaded: {code_reason(error)}") from error


def _load(box: Box) -> Loaded:
    if box.framework is not None:
        flavoured: Loaded = importlib.import_module("modelyard_box.flavours").load_flavour(box)
        return flavoured
    module = _import(box.target.module, box.source)
    found = _member(module, box.target)
    if box.target.class_name is not None:
        return _load_class(found, box)
    leading, notes = _read_model(box)
    loaded = _bind(found, leading)
    loaded.notes += notes
    return loaded


def _read_model(box: Box) -> tuple[tuple[Any, ...], list[str]]:
    """The arguments that the target is given first, and what there is to say of the model's file."""
    if box.artifact is None:
        return (), []
    model, said = read_artifact(box.artifact)
    return (model,), [said] if said else []


def _load_class(cls: type, box: Box) -> Loaded:
    notes: list[str] = []
    leading: tuple[Any, ...] = ()
    if _takes_model(cls):
        leading, notes = _read_model(box)
    elif box.artifact is not None:
        notes.append(f"{cls.__name__}() takes no argument, so the box does not unpickle the artifact")
    try:
        instance = cls(*leading)
    except BaseException as error:
        raise LoadError(f"{cls.__name__} cannot be created: {code_reason(error)}", field="predict.class") from error
    loaded = _bind(getattr(instance, box.target.function), ())
    loaded.notes += notes
    return loaded


def _import(name: str, source: str) -> ModuleType:
    top = name.partition(".")[0]
    if _is_hidden(top, source):
        raise LoadError(f"module '{top}' has the name of one of Python's own: rename it", field="predict.module")
    try:
        return importlib.import_module(name)
    except BaseException as error:
        raise LoadError(import_reason(error, name, source), field="predict.module") from error


def _is_hidden(top: str, source: str) -> bool:
    """Whether Python has loaded a module of its own under that name already."""
    path = os.path.join(source, top)  # noqa: PTH118
    return top in sys.modules and (os.path.exists(f"{path}.py") or os.path.isdir(path))  # noqa: PTH110, PTH112


def _member(module: ModuleType, target: Target) -> Any:
    """The function, or the class when the target has one. Raises LoadError naming what is absent."""
    if target.class_name is None:
        return _callable(module, target.function, "predict.function")
    cls = _callable(module, target.class_name, "predict.class")
    if not isinstance(cls, type):
        raise LoadError(f"{module.__name__}.{target.class_name} is not a class", field="predict.class")
    _callable(cls, target.function, "predict.function")
    return cls


def _callable(owner: Any, name: str, field: str) -> Any:
    found = getattr(owner, name, None)
    if not callable(found):
        state = "is not a function or class" if hasattr(owner, name) else "does not exist"
        raise LoadError(f"{owner.__name__}.{name} {state}", field=field)
    return found


def _takes_model(cls: type) -> bool:
    parameters = _parameters(cls)
    return any(p.kind in (*_POSITIONAL, inspect.Parameter.VAR_POSITIONAL) for p in parameters)


def _bind(function: Callable[..., Any], leading: tuple[Any, ...]) -> Loaded:
    kinds = [parameter.kind for parameter in _parameters(function)]
    if leading and not any(kind in (*_POSITIONAL, inspect.Parameter.VAR_POSITIONAL) for kind in kinds):
        name = getattr(function, "__name__", "the function")
        raise LoadError(f"{name} takes no argument, but its first must take the model", field="predict.function")
    return Loaded(function, leading)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Empty for what Python cannot inspect (some C functions): inputs then arrive by name, as plain JSON."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
