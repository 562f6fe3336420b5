"""The ``serve`` command, as far as it must be quick.

The first worker starts before anything else, so that the model loads while the server's own packages are imported;
and the socket listens at once, so that early callers wait instead of being refused.
"""

import importlib
import os
import socket
import sys

from modelyard_box.config import ConfigError, load_box, load_settings
from modelyard_box.spawn import kill_worker, start_worker

_BACKLOG = 1024


def main() -> int:
    """Serves until SIGTERM or SIGINT. Exit status: 0 then, 1 when the model never loads, 2 for a bad configuration."""
    pid, channel = start_worker()
    try:
        box, settings = load_box(), load_settings(os.environ)
        listener = _listen(settings.socket, settings.port)
    except (ConfigError, OSError) as error:
        kill_worker(pid)
        print(f"the box cannot start: {error}", file=sys.stderr)
        return 2
    add_site()
    status: int = importlib.import_module("modelyard_box.server").run(box, settings, listener, (pid, channel))
    return status


def add_site() -> None:
    """Adds the server's own packages; MODELYARD_BOX_SITE names another folder while developing."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path.append(os.environ.get("MODELYARD_BOX_SITE") or f"{home}/site")


def _listen(path: str | None, port: int) -> socket.socket:
    if path is None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))  # noqa: S104 (the container's own network; its engine decides who reaches it)
    else:
        _remove_stale(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        os.chmod(path, 0o666)  # noqa: PTH101, S103 (whoever may enter the folder may call)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def _remove_stale(path: str) -> None:
    """Removes the socket that an earlier box left behind, which would make ``bind`` fail."""
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return
