"""What all entries do: read the plan, leave the server's family, start, report one JSON line, and look after it."""

import os

from modelyard.adapters.engines.local.shim.launch import LaunchFailed
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.records import to_json
from modelyard.adapters.engines.local.shim.supervisor import Starter, Supervisor


def serve(starter: Starter) -> None:
    """Never returns. The process that the server started ends at once, so the supervisor belongs to nobody."""
    plan = Plan.from_bytes(_read_all(0) or os._exit(1))  # a server that died before it could say what to start
    os.set_inheritable(plan.lock, False)
    if os.fork():
        os._exit(0)
    report = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    supervisor = Supervisor(plan)
    try:
        supervisor.start(starter)
    except (LaunchFailed, OSError) as error:
        supervisor.abandon()
        step = error.step if isinstance(error, LaunchFailed) else "setup"
        _tell(report, to_json({"step": step, "error": str(error)}))
        os._exit(1)
    _tell(report, to_json({"started": True}))
    supervisor.run()
    os._exit(0)


def _read_all(source: int) -> bytes:
    parts = []
    while data := os.read(source, 65536):
        parts.append(data)
    return b"".join(parts)


def _tell(report: int, text: str) -> None:
    """A server that has gone meanwhile does not matter: the next one reads the folder."""
    try:
        os.write(report, text.encode())
    except OSError:
        pass
    finally:
        os.close(report)
