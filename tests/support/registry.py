"""Debian's docker-registry, as a foreign registry to pull bases from and to compare with."""

from pathlib import Path
from typing import Any

from support import processes, session
from support.ports import free_port, listens
from support.programs import need
from support.waiting import until

CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
log: {{level: warn}}
"""


def address() -> str:
    """``127.0.0.1:PORT`` of this run's registry (plain HTTP, open to all), which is started when it does not run."""
    return session.shared("registry", _start)["address"]


def folder() -> Path:
    """Where this run's registry keeps what it has."""
    return Path(session.shared("registry", _start)["folder"])


def _start(place: Path) -> dict[str, Any]:
    program, port = need("docker-registry", package="docker-registry"), free_port()
    (place / "config.yml").write_text(CONFIG.format(folder=place, port=port))
    processes.launch(place, [program, "serve", str(place / "config.yml")])
    until(lambda: listens(port), what=f"docker-registry, see {place}/log")
    return {"address": f"127.0.0.1:{port}", "folder": str(place)}
