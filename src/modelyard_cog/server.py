"""Cog's server: the image's command as a child on a loopback port, asked by its HTTP API (https://cog.run/http)."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import IO, Any

from modelyard_cog.failures import Failed, one_line
from modelyard_cog.files import HOST
from modelyard_cog.log import Log

PREDICTION = "run"
CLEAN_UP_S, END_S = 4.0, 1.0
"""How long a cancelled prediction has to clean up, and a server to end by itself. The grace of a run is longer."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5
TEXT_LIMIT = 4 * 1024**2


class Server:
    """Started with the object; ``stop`` has to be called. Raises ``Failed`` where the command cannot be executed."""

    def __init__(self, command: list[str]) -> None:
        self._port = _free_port()
        try:
            self._child = subprocess.Popen(
                command,
                env=_environment(self._port),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(f"the image's command could not be started: {error}") from error
        self._log = Log()
        self._logging = threading.Thread(target=self._log.pass_on, args=[self._child.stdout], daemon=True)
        self._logging.start()

    def wait_until_ready(self) -> None:
        """Returns once a prediction can be made. Raises ``Failed`` where setup has failed or the server has ended."""
        pause = FIRST_PAUSE_S
        while True:
            self._require_alive("before it was ready")
            health = self._ask("GET", "/health-check")
            if health.get("status") == "READY":
                return
            if health.get("status") in ("SETUP_FAILED", "DEFUNCT", "UNHEALTHY"):
                raise Failed(_trouble(health))
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def predict(self, values: dict[str, Any], answer: IO[bytes]) -> None:
        """Writes the answer's text to a file. Raises ``Failed`` with the server's own words where it refuses."""
        body = json.dumps({"id": PREDICTION, "input": values}).encode()
        with contextlib.closing(http.client.HTTPConnection(HOST, self._port)) as connection:
            try:
                connection.request("POST", "/predictions", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                shutil.copyfileobj(response, answer, 1024 * 1024)
            except (OSError, http.client.HTTPException) as error:
                self._require_alive("during the prediction", wait=2)
                raise Failed(f"Cog's server broke off: {error!r}") from error
        if response.status != 200:
            answer.seek(0)
            raise Failed(_refusal(response.status, answer.read(TEXT_LIMIT).decode("utf-8", "replace")))

    def describe_output(self) -> dict[str, Any]:
        """The schema of the output; an empty one where the server gives none."""
        components = self._ask("GET", "/openapi.json").get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        output = schemas.get("Output") if isinstance(schemas, dict) else None
        return output if isinstance(output, dict) else {}

    def cancel(self) -> None:
        """Gives the prediction time to clean up, as Cog promises it."""
        self._ask("POST", f"/predictions/{PREDICTION}/cancel", timeout=1)
        deadline = time.monotonic() + CLEAN_UP_S
        while time.monotonic() < deadline and self._ask("GET", "/health-check", timeout=1).get("status") == "BUSY":
            time.sleep(0.05)

    def stop(self) -> None:
        """Returns once nothing of it runs and all that it wrote has been passed on."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(END_S)
        self._signal(signal.SIGKILL)
        self._child.wait()
        self._logging.join(1)

    def _ask(self, method: str, path: str, *, timeout: float = 30) -> dict[str, Any]:
        """The object that the server answers; an empty one where it gives none."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self._port, timeout=timeout)) as connection:
            try:
                connection.request(method, path)
                found = json.loads(connection.getresponse().read(TEXT_LIMIT).decode("utf-8", "replace"))
            except (OSError, http.client.HTTPException, ValueError):
                return {}
        return found if isinstance(found, dict) else {}

    def _require_alive(self, when: str, *, wait: float = 0) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._child.wait(wait)
            raise Failed(f"the server ended {when}, with exit code {code}: {self._last_words()}")

    def _last_words(self) -> str:
        self._logging.join(1)
        return one_line(self._log.last) or "it said nothing"

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


def _environment(port: int) -> dict[str, str]:
    """The image's, with the port to listen on, and our files reached without its proxy."""
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), HOST]))
    return dict(os.environ, PORT=str(port), NO_PROXY=direct, no_proxy=direct)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _trouble(health: dict[str, Any]) -> str:
    """Why there can be no prediction."""
    if health.get("user_healthcheck_error"):
        return f"the image's own health check failed: {one_line(health['user_healthcheck_error'])}"
    said = str((health.get("setup") or {}).get("logs") or "").strip().splitlines()
    return f"setup failed: {one_line(said[-1] if said else 'it said nothing')}"


def _refusal(status: int, text: str) -> str:
    """The server's own words, without the JSON around them."""
    detail: Any = text
    with contextlib.suppress(ValueError, AttributeError):
        said = json.loads(text)
        detail = said.get("detail") or said.get("error") or text
    if isinstance(detail, list):
        detail = "; ".join(map(_fault, detail))
    what = "the input is not accepted" if status == 422 else f"Cog's server answered {status}"
    return f"{what}: {one_line(detail)}"


def _fault(fault: Any) -> str:
    if not isinstance(fault, dict):
        return str(fault)
    place = ".".join(str(part) for part in fault.get("loc") or () if part not in ("body", "input"))
    return f"{place}: {fault.get('msg')}" if place else str(fault.get("msg"))
