"""A private Docker engine: own data, own socket, no bridge and no firewall rules. Needs root."""

import http.client
import os
import socket
from pathlib import Path
from typing import Any

from support import processes, session
from support.programs import ProgramMissing, need
from support.waiting import until


def url() -> str:
    """Address of this run's engine (``unix:///…``), which is started when it does not run yet. It has no images."""
    return session.shared("docker", _start)["url"]


def _start(folder: Path) -> dict[str, Any]:
    program = need("dockerd", package="docker.io")
    need("docker-init", package="docker.io")
    if os.geteuid() != 0:
        raise ProgramMissing("A private Docker engine needs root: run the tests as root.")
    address = folder / "s"
    argv = [program, "--host", f"unix://{address}", "--data-root", folder / "data", "--exec-root", folder / "x"]
    argv += ["--pidfile", folder / "pid", "--bridge", "none", "--iptables=false", "--ip6tables=false"]
    argv += ["--log-level", "warn", "--shutdown-timeout", "3"]
    processes.launch(folder, [str(part) for part in argv])
    until(lambda: _answers(address), what=f"dockerd, see {folder}/log")
    return {"url": f"unix://{address}"}


def _answers(address: Path) -> bool:
    connection = http.client.HTTPConnection("engine")
    with socket.socket(socket.AF_UNIX) as channel:
        try:
            channel.connect(str(address))
            connection.sock = channel
            connection.request("GET", "/_ping")
            return connection.getresponse().read() == b"OK"
        except OSError:
            return False
