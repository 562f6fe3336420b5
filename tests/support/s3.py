"""A local S3 server (moto), in a process of its own."""

import http.client
import sys
from pathlib import Path
from typing import Any

from support import processes, session
from support.ports import free_port, listens
from support.waiting import until

CREDENTIALS = {"access_key_id": "test", "secret_access_key": "test", "region": "us-east-1"}


def endpoint() -> str:
    """``http://127.0.0.1:PORT`` of this run's S3 server, which is started when it does not run yet."""
    return session.shared("s3", _start)["endpoint"]


def create_bucket(name: str) -> str:
    """Makes an empty bucket and returns its name."""
    connection = http.client.HTTPConnection(endpoint().removeprefix("http://"))
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return name


def _start(folder: Path) -> dict[str, Any]:
    program, port = Path(sys.executable).with_name("moto_server"), free_port()
    processes.launch(folder, [str(program), "-H", "127.0.0.1", "-p", str(port)])
    until(lambda: listens(port), seconds=60, what=f"moto, see {folder}/log")
    return {"endpoint": f"http://127.0.0.1:{port}"}
