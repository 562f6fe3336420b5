"""Reads the config of the four parts (JSON) and ``modelyard.yaml``: the same keys, the same checks."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import TargetInvalid
from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.errors import ConfigInvalid
from modelyard.rooms.sources.frameworks import NAMES, Framework
from modelyard.rooms.sources.operations import KINDS, check_operation, read_run
from modelyard.rooms.sources.rules import read_line, read_package, read_python
from modelyard.rooms.sources.schemas import Batching, Card, Resources
from modelyard.rooms.sources.targets import read_target, suggestion
from modelyard.rooms.sources.texts import dump_yaml, parse_json, parse_yaml

MANIFEST = "modelyard.yaml"
FILE_KEYS = ("artifact", "requirements")
CARD_KEYS = tuple(name for name in Card.model_fields if name != "text")
Model = TypeVar("Model", bound=BaseModel)
PREDICT_REMEDY = (
    'Name the target, as in "predict": {"module": "model", "function": "predict"}, '
    'or an operation\'s function, as in "run": "rotate:rotate".'
)


class Manifest(BaseModel):
    """The configuration as written. ``requirements`` is a file's name or the lines themselves; None when not said."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    predict: Target | None = None
    run: Target | None = None
    kind: Literal[KINDS] | None = None  # type: ignore[valid-type]
    framework: Literal[NAMES] | None = None  # type: ignore[valid-type]
    model: Target | None = None
    arguments: Mapping[str, Any] = Field(default_factory=dict, max_length=100)
    input_shape: tuple[Annotated[int, Field(ge=1, le=2**31 - 1)] | None, ...] | None = Field(default=None, max_length=8)
    artifact: Annotated[str, Field(max_length=1000), AfterValidator(read_line)] | None = None
    requirements: Annotated[str, AfterValidator(read_line)] | tuple[str, ...] | None = None
    python: Annotated[str, BeforeValidator(read_python)] | None = None
    system_packages: tuple[Annotated[str, AfterValidator(read_package)], ...] = Field(default=(), max_length=50)
    batch: Annotated[Batching | None, BeforeValidator(Batching.read)] = None
    resources: Resources = Field(default_factory=Resources)
    card: Mapping[str, Any] = Field(default_factory=dict)

    def to_framework(self) -> Framework | None:
        """How the model is called where no predict function is named; None where one is."""
        if self.framework is None:
            return None
        return Framework(self.framework, self.model, dict(self.arguments), self.input_shape)


def read_parts_config(data: bytes, *, is_alone: bool = False) -> Manifest:
    """The JSON config of the four parts, which may not name the other parts' files; raises ``ConfigInvalid``.

    With ``is_alone`` there is no source, so the config need not say what predicts.
    """
    config = _as_object(parse_json(data))
    for key in FILE_KEYS:
        if key in config:
            raise ConfigInvalid(
                f"The config names {key}, which is uploaded as a part of its own.",
                remedy=f'Remove "{key}" from the config.',
                field=f"/{key}",
            )
    return read_manifest(config, is_alone=is_alone)


def read_manifest_text(data: bytes) -> Manifest:
    """The text of ``modelyard.yaml``; raises ``ConfigInvalid``."""
    return read_manifest(_as_object(parse_yaml(data)))


def read_manifest(config: dict[str, Any], *, is_alone: bool = False) -> Manifest:
    """Checks every key and value; card fields may stand at the top or under ``card``. Raises ``ConfigInvalid``."""
    known = [*Manifest.model_fields, *CARD_KEYS]
    for key in config:
        if key not in known:
            raise ConfigInvalid(
                f"The key {key[:60]!a} is not known.", remedy=suggestion(key, known), field=f"/{key[:60]}"
            )
    nested = {} if config.get("card") is None else config["card"]
    if not isinstance(nested, dict):
        raise ConfigInvalid("The card is not an object of fields.", field="/card")
    flat = {key: config[key] for key in CARD_KEYS if key in config}
    if both := sorted(flat.keys() & nested.keys()):
        raise ConfigInvalid(f"{both[0]} stands twice: at the top and under card.", field=f"/{both[0]}")
    card = read_card({**nested, **flat}, field="/card").to_json()
    rest = {key: value for key, value in config.items() if key not in CARD_KEYS}
    check_operation(config, is_alone=is_alone)
    run = read_run(config)
    predict = _read_predict(config, is_alone=is_alone or run is not None)
    rest |= {"run": run, "predict": predict, "model": _read_module(config), "card": card}
    return _validate(Manifest, rest, field="")


def read_card(fields: dict[str, Any], *, field: str) -> Card:
    """Checks card fields; raises ``ConfigInvalid``. A single tag may be a text."""
    if isinstance(fields.get("tags"), str):
        fields = {**fields, "tags": [fields["tags"]]}
    for key in fields:
        if key not in CARD_KEYS:
            raise ConfigInvalid(
                f"The card has no field {str(key)[:60]!a}.",
                remedy=suggestion(str(key), list(CARD_KEYS)),
                field=f"{field}/{str(key)[:60]}",
            )
    return _validate(Card, fields, field=field)


def write_manifest(manifest: Manifest) -> str:
    """The canonical ``modelyard.yaml``: ``read_manifest_text`` gives an equal manifest back."""
    config: dict[str, Any] = {"predict": str(manifest.predict)} if manifest.predict else {}
    config |= {"run": str(manifest.run)} if manifest.run else {}
    config |= {"kind": manifest.kind} if manifest.kind else {}
    config |= {"framework": manifest.framework} if manifest.framework else {}
    config |= {"model": str(manifest.model)} if manifest.model else {}
    config |= {"arguments": dict(manifest.arguments)} if manifest.arguments else {}
    config |= {"input_shape": list(manifest.input_shape)} if manifest.input_shape is not None else {}
    config |= {key: value for key in FILE_KEYS if (value := getattr(manifest, key)) is not None}
    config |= {"python": manifest.python} if manifest.python else {}
    config |= {"system_packages": list(manifest.system_packages)} if manifest.system_packages else {}
    config |= {"batch": manifest.batch.to_json()} if manifest.batch else {}
    config |= {"resources": resources} if (resources := manifest.resources.to_config()) else {}
    config |= {"card": dict(manifest.card)} if manifest.card else {}
    return dump_yaml(config)


def _as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigInvalid("The configuration is not an object of keys and values.", remedy=PREDICT_REMEDY)
    return value


def _read_predict(config: dict[str, Any], *, is_alone: bool) -> Target | None:
    """The target; None where a framework knows how its models are called. Exactly one of the two is said."""
    if config.get("framework") is None:
        if is_alone and config.get("predict") is None:
            return None
        if config.get("predict") is None:
            raise ConfigInvalid(
                "The configuration does not say what predicts.", remedy=PREDICT_REMEDY, field="/predict"
            )
        return read_target(config["predict"], key="predict", remedy=PREDICT_REMEDY)
    if config.get("predict") is not None:
        raise ConfigInvalid(
            "Both predict and framework are given, but a framework's models have a way to be called.",
            remedy="Remove one of them.",
            field="/predict",
        )
    return None


def _read_module(config: dict[str, Any]) -> Target | None:
    """``model: "m:Net"``: a class, or a function that makes the module."""
    text = config.get("model")
    if text is None:
        return None
    if not isinstance(text, str):
        raise ConfigInvalid("model is not a text.", remedy='Write model: "m:Net".', field="/model")
    try:
        return signatures.parse_target(text, field="/model")
    except TargetInvalid as e:
        raise ConfigInvalid(e.detail, remedy='Write model: "m:Net".', field="/model") from e


def _validate(model: type[Model], value: dict[str, Any], *, field: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as e:
        raise _explained(e, field) from e


def _explained(error: ValidationError, field: str) -> ConfigInvalid:
    """The first complaint, with the place; unions name their branches, which are no part of the place."""
    first = error.errors(include_url=False, include_input=False)[0]
    names = [str(part) for part in first["loc"] if not str(part).startswith(("function-", "constrained-", "tuple["))]
    pointer = field + "".join(f"/{name}" for name in names)
    known = [f.alias or name for name, f in Resources.model_fields.items()] if names[:1] == ["resources"] else []
    message = first["msg"].removeprefix("Value error, ")
    remedy = suggestion(names[-1], known) if first["type"] == "extra_forbidden" and known else ""
    return ConfigInvalid(f"{pointer.lstrip('/')}: {message}.", remedy=remedy, field=pointer)
