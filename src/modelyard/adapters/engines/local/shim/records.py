"""The files in a container's folder, written whole or not at all, and read by the engine."""

import os

SPEC, STATE, EXIT, USAGE, LOG, LOCK, STOP = (
    "spec.json",
    "state.json",
    "exit.json",
    "usage.json",
    "log",
    "lock",
    "stop",
)
"""``spec``: what the engine asked, before the start. ``state``: the supervisor's pid and start, once it runs.
``exit``: how it ended. ``usage``: so far, what no control group tells. ``stop``: a wish to stop; its content is the
grace in seconds."""

_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\"} | {
    code: f"\\u{code:04x}" for code in (*range(32), *range(0xD800, 0xE000))
}

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]


def write_record(folder: str, name: str, text: str) -> None:
    """Atomic for readers; not forced to disk, since no container survives a power cut."""
    staged = f"{folder}/.{name}.{os.getpid()}.{os.urandom(3).hex()}"
    with open(staged, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(staged, f"{folder}/{name}")


def to_json(value: Value) -> str:
    """JSON (RFC 8259) without the ``json`` module, whose import takes longer than a start may."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, list):
        return f"[{','.join(map(to_json, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{to_json(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    return repr(value)


def move_back(inside: str, source: str) -> None:
    """Returns a folder that was moved into a container's root to where it was.

    May be repeated after an interruption at any point; once the folder is back it changes nothing.
    """
    staged = f"{source}.returning"
    if os.path.isdir(source) and not os.path.islink(source):
        return
    if os.path.isdir(inside):
        os.rename(inside, staged)
    if os.path.isdir(staged):
        if os.path.islink(source):
            os.unlink(source)
        os.rename(staged, source)
