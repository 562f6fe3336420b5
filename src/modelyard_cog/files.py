"""What the prediction is given: parameters as they are, files by addresses from which Cog's server fetches them.

Cog takes files by address or as text in the request. By address each keeps its name, and none is in memory as a whole.
"""

from __future__ import annotations

import http.server
import json
import mimetypes
import os
import shutil
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modelyard_cog.failures import Failed

IN = Path("/in")
HOST = "127.0.0.1"


class Files(http.server.ThreadingHTTPServer):
    """Hands out the files whose addresses were asked for. Raises ``Failed`` where there is no loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        try:
            super().__init__((HOST, 0), _Handler)
        except OSError as error:
            raise Failed(f"Cog's server needs a loopback network, and the engine gives none here ({error})") from error
        self.known: dict[str, Path] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address(self, file: Path) -> str:
        """Ends with the file's own name, which Cog keeps."""
        place = f"/{len(self.known)}/{quote(file.name, safe='')}"
        self.known[place] = file
        return f"http://{HOST}:{self.server_port}{place}"


def given(files: Files) -> dict[str, Any]:
    """The prediction's input; a folder is a list of files, in the order of their names."""
    values: dict[str, Any] = json.loads((IN / "params.json").read_text("utf-8"))
    for name, place in json.loads((IN / "inputs.json").read_text("utf-8")).items():
        path = Path(place)
        values[name] = files.address(path) if path.is_file() else [files.address(file) for file in _below(path)]
    return values


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Files

    def do_GET(self) -> None:
        path = self.server.known.get(self.path)
        if path is None:
            self.send_error(404)
            return
        with path.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.end_headers()
            shutil.copyfileobj(file, self.wfile, 1024 * 1024)

    def log_message(self, *_: Any) -> None:
        """The log is that of Cog's server."""
