"""Private Docker engines: own data, own socket, no firewall rules. Need root."""

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import processes, session
from support.programs import ProgramMissing, need
from support.waiting import until


def url() -> str:
    """Address of this run's engine (``unix:///…``), which is started when it does not run yet. It has no images."""
    return session.shared("docker", _start)["url"]


def start_own(folder: Path) -> str:
    """Address of an engine of its own in ``folder``, which is made or, after its end, started again."""
    return str(_start(folder)["url"])


@dataclass(frozen=True)
class Machine:
    """A machine of its own, as far as networks go: a loopback, an engine with its bridges, and no way out."""

    url: str
    enter: tuple[str, ...]
    """What stands before a command that is to run on it."""

    def run(self, script: str, *, folder: Path) -> str:
        """What a shell on the machine wrote to standard output; a command that fails ends it."""
        done = subprocess.run(
            [*self.enter, "bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=os.environ | {"DOCKER_HOST": self.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine with an empty engine, which ends with the block."""
    started = _launch(folder, before=_in_own_network(), options=[])
    try:
        enter = (need("nsenter", package="util-linux"), f"--net=/proc/{started.pid}/ns/net", "--")
        yield Machine(f"unix://{folder}/s", enter)
    finally:
        processes.stop_recorded(folder)


def _start(folder: Path) -> dict[str, Any]:
    _launch(folder, before=[], options=["--bridge", "none"])
    return {"url": f"unix://{folder}/s"}


def _in_own_network() -> list[str]:
    ip = need("ip", package="iproute2")
    return [need("unshare", package="util-linux"), "--net", "sh", "-c", f'{ip} link set lo up && exec "$@"', "sh"]


def _launch(folder: Path, *, before: Sequence[str], options: Sequence[str]) -> processes.Record:
    program = need("dockerd", package="docker.io")
    need("docker-init", package="docker.io")
    if os.geteuid() != 0:
        raise ProgramMissing("A private Docker engine needs root: run the tests as root.")
    address = folder / "s"
    argv = [
        *before,
        program,
        "--host",
        f"unix://{address}",
        "--data-root",
        folder / "data",
        "--exec-root",
        folder / "x",
    ]
    argv += ["--pidfile", folder / "pid", "--iptables=false", "--ip6tables=false", *options]
    argv += ["--log-level", "warn", "--shutdown-timeout", "3"]
    started = processes.launch(folder, [str(part) for part in argv])
    until(lambda: _answers(address), what=f"dockerd, see {folder}/log")
    return started


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
