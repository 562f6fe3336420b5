"""Request bodies → inputs: JSON, a raw upload, or a form with an upload (RFC 7578)."""

import json
from typing import Any

import multipart
import orjson

from modelyard_box import messages
from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs, invalid_input
from modelyard_box.media import Upload
from modelyard_box.requests import Request

_JSON_LIKE = frozenset({"", "application/json", "text/json", "application/x-www-form-urlencoded"})
_SUFFIXES = {
    "application/json": ".json", "application/pdf": ".pdf", "application/zip": ".zip", "audio/mpeg": ".mp3",
    "audio/wav": ".wav", "audio/x-wav": ".wav", "image/bmp": ".bmp", "image/gif": ".gif", "image/jpeg": ".jpg",
    "image/png": ".png", "image/tiff": ".tiff", "image/webp": ".webp", "text/csv": ".csv", "text/plain": ".txt",
    "video/mp4": ".mp4",
}  # fmt: skip


def read_inputs(request: Request, inputs: Inputs) -> dict[str, Any]:
    """The valid inputs in a request to predict; an upload is a tuple of its bytes and its name.

    ``application/x-www-form-urlencoded`` is read as JSON, for that is what ``curl -d`` calls it. Raises Problem.
    """
    headers = request.headers
    if headers.get("content-type") == messages.JSON and "content-encoding" not in headers:
        return inputs.from_json(parse_json(request.body))
    if headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported-encoding", "send the body without compression")
    kind, options = multipart.parse_options_header(headers.get("content-type", ""))
    kind = kind.lower()
    if kind in _JSON_LIKE or kind.endswith("+json"):
        return inputs.from_json(parse_json(request.body))
    if kind == "multipart/form-data":
        return inputs.check(_from_form(request.body, options.get("boundary", ""), inputs))
    return inputs.check(_from_upload(request, kind, inputs))


def parse_json(body: bytes) -> Any:
    """JSON by the letter of RFC 8259: no NaN, no duplicate keys, at most 1024 levels. Raises Problem."""
    if not body:
        raise Problem(400, "invalid-json", "the body is empty; send the inputs as JSON")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "invalid-json", f"the body is not JSON: {error}") from error
    if type(value) in (dict, list) and not _keys_account_for(value, body.count(b":")):
        _refuse_duplicates(body)
    return value


def _keys_account_for(value: Any, colons: int) -> bool:
    """Whether every colon in the text belongs to a key that is in the value, so that none can have been repeated.

    Cheap, and it never wrongly says yes: colons inside strings only make it say no.
    """
    stack = [value]
    while colons and stack:
        value = stack.pop()
        if type(value) is dict:
            colons -= len(value)
            if not colons:
                return True
            value = value.values()
        stack += [inner for inner in value if type(inner) is dict or type(inner) is list]
    return colons == 0


def _refuse_duplicates(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_refuse_duplicate)
    except RecursionError as error:
        raise Problem(400, "invalid-json", "the body is nested too deeply") from error


def _refuse_duplicate(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise invalid_input([([name], "is given more than once")])
        names.add(name)


def _from_upload(request: Request, kind: str, inputs: Inputs) -> dict[str, Any]:
    if len(inputs.uploads) != 1:
        detail = f"this model takes JSON, not {kind}" if not inputs.uploads else "say which file is which: send a form"
        raise Problem(415, "unsupported-media-type", detail, headers=[("accept-post", "application/json")])
    _, options = multipart.parse_options_header(request.headers.get("content-disposition", ""))
    name = options.get("filename") or f"file{_SUFFIXES.get(kind, '')}"
    return {inputs.uploads[0]: (request.body, name)}


def _from_form(body: bytes, boundary: str, inputs: Inputs) -> dict[str, Any]:
    """Uploads go to the input of their field's name; a single one goes to the only input that takes one."""
    values: dict[str, Any] = {}
    uploads: dict[str, Upload] = {}
    for name, filename, data in _parts(body, boundary):
        if name in values or name in uploads:
            raise invalid_input([([name], "is given more than once")])
        if filename is not None or (name in inputs.uploads and not _is_text(data)):
            uploads[name] = (data, filename or "")
        else:
            values[name] = _field(data, inputs.takes_text(name))
    if len(uploads) == 1 and len(inputs.uploads) == 1:
        values[inputs.uploads[0]] = next(iter(uploads.values()))
    else:
        values.update(uploads)
    return _refuse_stray_uploads(values, inputs)


def _parts(body: bytes, boundary: str) -> list[tuple[str, str | None, bytes]]:
    """Name, file name (None for a plain field) and content of each part. Raises Problem."""
    found: list[tuple[str, str | None, list[bytes]]] = []
    try:
        with multipart.PushMultipartParser(boundary, content_length=len(body), max_segment_count=1000) as parser:
            for event in parser.parse(body):
                if isinstance(event, multipart.MultipartSegment):
                    found.append((event.name, event.filename, []))
                elif event:
                    found[-1][2].append(bytes(event))
    except (multipart.MultipartError, ValueError) as error:
        raise Problem(400, "invalid-form", f"the form cannot be read: {error}") from error
    return [(name, filename, b"".join(chunks)) for name, filename, chunks in found]


def _field(data: bytes, takes_text: bool) -> Any:
    text = data.decode("utf-8", "replace")
    if takes_text:
        return text
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return text  # the schema will say what was expected


def _is_text(data: bytes) -> bool:
    return data.isascii()


def _refuse_stray_uploads(values: dict[str, Any], inputs: Inputs) -> dict[str, Any]:
    for name, value in values.items():
        if type(value) is tuple and name not in inputs.uploads:
            raise invalid_input([([name], "takes no file")])
    return values
