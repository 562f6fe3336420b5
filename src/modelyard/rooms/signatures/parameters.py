"""Turns the parameters and the result of a function into a signature."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelyard.rooms.signatures import kinds
from modelyard.rooms.signatures.annotations import AnnotationReader, Place
from modelyard.rooms.signatures.docs import Docstring, read_docstring
from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.fields import MISSING
from modelyard.rooms.signatures.modules import Module, Tree
from modelyard.rooms.signatures.names import Outside, canonical, look_up_expression
from modelyard.rooms.signatures.parsing import parse_expression
from modelyard.rooms.signatures.records import annotated_field, read_default
from modelyard.rooms.signatures.schemas import Schema, Signature, Target
from modelyard.rooms.signatures.targets import Function, Located

PRESERVING = {
    "staticmethod", "classmethod", "no_grad", "inference_mode", "lru_cache", "cache", "wraps", "override", "final",
    "jit", "njit", "compile", "validate_call", "overload", "abstractmethod", "profile", "torch_dtype", "deprecated",
}  # fmt: skip
"""Decorators, by their last name, that are known to leave the parameters as they are written."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as written; ``default`` is None where there is none."""

    argument: ast.arg
    default: ast.expr | None
    is_positional_only: bool = False

    @property
    def name(self) -> str:
        return self.argument.arg


def read_function(
    tree: Tree,
    located: Located,
    target: Target,
    *,
    takes_model: bool,
    named: Callable[[str], Schema | None] = kinds.named_schema,
) -> Signature:
    """The signature of a located function; with ``takes_model`` its first parameter is no input.

    ``named`` gives the schemas of its parameters' types by their dotted names.
    """
    function, module = located.function, located.module
    parameters = _inputs(located, target, takes_model)
    docstring = read_docstring(function)
    reader = AnnotationReader(tree, named)
    inputs = _input_schema(reader, module, function, parameters, docstring)
    notes = [*_note_bare(parameters), *_note_decorators(function), *reader.notes]
    result = AnnotationReader(tree)
    output, streams = _output(result, module, function, docstring)
    return Signature(inputs, output, streams, tuple(dict.fromkeys([*notes, *result.notes])))


def _inputs(located: Located, target: Target, takes_model: bool) -> list[Parameter]:
    """The parameters that are inputs; raises ``SignatureUnsupported`` where a call with names can never work."""
    place = f"{located.module.path}:{located.function.lineno}"
    positional, named = _written_parameters(located.function)
    skip = int(located.is_method and not _is_static(located.function)) + int(takes_model)
    if len(positional) < skip and located.function.args.vararg is None:
        missing = "the model" if takes_model else "self"
        raise SignatureUnsupported(
            f"{place}: {target} has no parameter that can take {missing}.",
            remedy=f"Give it a first parameter for {missing}.",
            field="predict/function",
        )
    inputs = positional[skip:]
    for parameter in inputs:
        if parameter.is_positional_only:
            raise SignatureUnsupported(
                f'{place}: the parameter "{parameter.name}" is positional-only, but inputs are given by name.',
                remedy="Remove the / from the parameters.",
                field="predict/function",
            )
    return [*inputs, *named]


def _written_parameters(function: Function) -> tuple[list[Parameter], list[Parameter]]:
    arguments = function.args
    ordered = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(ordered) - len(arguments.defaults)) + list(arguments.defaults)
    count = len(arguments.posonlyargs)
    positional = [Parameter(a, d, i < count) for i, (a, d) in enumerate(zip(ordered, defaults, strict=True))]
    named = [Parameter(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return positional, named


def _input_schema(
    reader: AnnotationReader, module: Module, function: Function, parameters: list[Parameter], docstring: Docstring
) -> Schema:
    schema: Schema = {"type": "object"}
    if docstring.summary:
        schema["description"] = docstring.summary
    required: list[str] = []
    properties: dict[str, Schema] = {}
    for parameter in parameters:
        properties[parameter.name], is_required = _property(reader, module, parameter, docstring)
        required += [parameter.name] * is_required
    schema |= {
        "properties": properties,
        "required": required,
        "additionalProperties": _others(reader, module, function),
    }
    return {**schema, "$defs": reader.defs} if reader.defs else schema


def _property(
    reader: AnnotationReader, module: Module, parameter: Parameter, docstring: Docstring
) -> tuple[Schema, bool]:
    place = Place(module, f'the parameter "{parameter.name}"')
    annotation = parameter.argument.annotation
    schema = reader.read_whole(annotation, place) if annotation else {}
    note = read_default(reader.tree, module, parameter.default)
    schema = reader.read_words(schema, note.words, place)
    inside = annotated_field(reader.tree, module, annotation) if annotation else None
    default = note.default if note.default is not MISSING or inside is None else inside.default
    if "description" not in schema and parameter.name in docstring.parameters:
        schema = {**schema, "description": docstring.parameters[parameter.name]}
    if default is None and annotation:
        schema = _nullable(schema)
    is_required = not note.is_optional and not (inside is not None and inside.is_optional)
    return (schema if default is MISSING else {**schema, "default": default}), is_required


def _nullable(schema: Schema) -> Schema:
    """``x: int = None`` also takes None, as type checkers once read it."""
    types = [branch.get("type") for branch in schema.get("anyOf", [schema])]
    if "null" in types or None in schema.get("enum", []) or not set(schema) - {"description", "title", "examples"}:
        return schema
    outer: Schema = {word: schema[word] for word in ("description", "title", "examples") if word in schema}
    inner = {word: value for word, value in schema.items() if word not in outer}
    branches = inner["anyOf"] if set(inner) == {"anyOf"} else [inner]
    return {"anyOf": [*branches, {"type": "null"}], **outer}


def _others(reader: AnnotationReader, module: Module, function: Function) -> bool | Schema:
    """Whether inputs beyond the named ones are taken: ``**kwargs``, of its type if it has one."""
    kwargs = function.args.kwarg
    if kwargs is None:
        return False
    return (kwargs.annotation and reader.read_whole(kwargs.annotation, Place(module, f'"**{kwargs.arg}"'))) or True


def _output(reader: AnnotationReader, module: Module, function: Function, docstring: Docstring) -> tuple[Schema, bool]:
    place = Place(module, "the result")
    annotation, streams = function.returns, _yields(function)
    if annotation is not None:
        annotation, is_stream = _unwrapped(reader, annotation, place)
        streams = streams or is_stream
    schema = _result_schema(reader, annotation, place) if annotation is not None else {}
    if docstring.result and "description" not in schema:
        schema = {**schema, "description": docstring.result}
    return ({**schema, "$defs": reader.defs} if reader.defs else schema), streams


def _unwrapped(reader: AnnotationReader, node: ast.expr, place: Place) -> tuple[ast.expr | None, bool]:
    """The item of a stream or the result of an awaitable, and whether it was a stream; None when it is not said."""
    node = _parsed(node)
    if isinstance(node, ast.Subscript):
        name = _outside_name(reader.tree, place.module, node.value)
        first = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in kinds.STREAMS:
            return first[0], True
        if name in kinds.AWAITABLES and len(first) > kinds.AWAITABLES[name]:
            return first[kinds.AWAITABLES[name]], False
        return node, False
    is_stream = _outside_name(reader.tree, place.module, node) in kinds.STREAMS
    return (None, True) if is_stream else (node, False)


def _result_schema(reader: AnnotationReader, node: ast.expr, place: Place) -> Schema:
    schema = reader.read_whole(node, place)
    numbers = {"type": "object", "additionalProperties": {"type": "number"}}
    keyed = {word: value for word, value in schema.items() if word != "propertyNames" or "enum" not in value}
    return {**schema, "x-modelyard": "probabilities"} if numbers == {k: keyed.get(k) for k in numbers} else schema


def _parsed(node: ast.expr) -> ast.expr:
    """An annotation written as a text, as its expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return parse_expression(node.value.strip()[:10_000])
        except (SyntaxError, ValueError, MemoryError):
            return node
    return node


def _outside_name(tree: Tree, module: Module, node: ast.expr) -> str:
    meaning = look_up_expression(tree, module, node)
    return canonical(meaning.name) if isinstance(meaning, Outside) else ""


def _yields(function: Function) -> bool:
    """True for a generator: a ``yield`` in its own body, not in a function inside it."""
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))


def _is_static(function: Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)


def _note_bare(parameters: list[Parameter]) -> list[str]:
    bare = [parameter.name for parameter in parameters if parameter.argument.annotation is None]
    if not bare:
        return []
    names = ", ".join(f'"{name}"' for name in bare)
    return [
        f"No type is written for {names}, so anything is accepted. Annotate it, as in {bare[0]}: float, to get a form."
    ]


def _note_decorators(function: Function) -> list[str]:
    names = [ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in function.decorator_list]
    odd = [name for name in names if name.rpartition(".")[2] not in PRESERVING]
    return [f"The parameters are read as written; @{name} may change them." for name in odd]
