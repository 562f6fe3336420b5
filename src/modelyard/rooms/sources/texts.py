"""Reads JSON and YAML strictly: no key twice, no alias, no number that JSON cannot say, bounded size and depth."""

import json
import re
from typing import Any, NoReturn

import yaml

from modelyard.rooms.sources.errors import ConfigInvalid

MAX_BYTES = 256 * 1024
MAX_DEPTH = 30
CORE_TAGS: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
)


FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # twenty times faster where PyYAML was built with libyaml


class WrittenFloat(float):
    """A number with a point that remembers how it was written, so that ``python: 3.10`` is not 3.1."""

    text: str


def parse_json(data: bytes) -> Any:
    """Reads one JSON document; raises ``ConfigInvalid`` with line and column."""
    text = _decode(data)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as e:
        raise _invalid(f"line {e.lineno}, column {e.colno}: {e.msg}", "JSON") from e
    except (RecursionError, ValueError) as e:
        raise _invalid("it is nested too deeply" if isinstance(e, RecursionError) else str(e), "JSON") from e
    _check_depth(value)
    return value


def parse_yaml(data: bytes | str) -> Any:
    """Reads one YAML 1.2 document of the JSON-like kind; raises ``ConfigInvalid`` with line and column.

    Aliases and tags are refused, dates stay text, ``yes`` and ``no`` are text (YAML 1.2.2, section 10.3).
    """
    text = _decode(data.encode() if isinstance(data, str) else data)
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader with fewer powers)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        why = ": ".join(text for text in (e.context, e.problem) if text)
        raise _invalid(f"{place}{why}", "YAML") from e
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as e:
        raise _invalid(str(e).splitlines()[0] if str(e) else "it cannot be read", "YAML") from e


def dump_yaml(value: Any) -> str:
    """Writes what ``parse_yaml`` reads back as the same."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Loader(FastLoader):  # type: ignore[misc, valid-type]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's way)


class _Dumper(yaml.SafeDumper):
    """Quotes for readers of YAML 1.1 and 1.2 alike, and repeats what is the same object instead of an alias."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str):
            raise _refusal("a key is not a text; quote it", key_node)
        if key in mapping:
            raise _refusal(f"the key {key[:60]} stands twice", key_node)
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> WrittenFloat:
    value = WrittenFloat(loader.construct_scalar(node))
    value.text = str(node.value)
    if value in {float("inf"), float("-inf")}:
        raise _refusal("the number is too large", node)
    return value


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


for _tag, _pattern, _first in CORE_TAGS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(_pattern), [*_first, ""] if "null" in _tag else list(_first))
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(WrittenFloat, lambda dumper, value: dumper.represent_float(float(value)))


def _check_events(text: str) -> None:
    """Refuses aliases, tags and depth before anything is built; the events themselves need no recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal("anchors and aliases are not allowed", event)
        if (tag := getattr(event, "tag", None)) is not None:
            raise _refusal(f"the tag {tag[:60]} is not allowed", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refusal("it is nested too deeply", event)


def _refusal(problem: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ConfigInvalid(f"The configuration is larger than {MAX_BYTES // 1024} KiB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ConfigInvalid("The configuration is not UTF-8 text.", remedy="Save the file as UTF-8 text.") from e


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!a} stands twice")
        found[key] = value
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise _invalid("it is nested too deeply", "JSON")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _invalid(why: str, language: str) -> ConfigInvalid:
    return ConfigInvalid(f"The configuration is not valid {language}: {why}.", remedy="Correct it and push again.")
