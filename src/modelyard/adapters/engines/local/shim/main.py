"""Entry point of the shim: ``python -I -S -c`` with the plan on standard input and one JSON line of report on output."""

import json
import os
import sys

from modelyard.adapters.engines.local.shim.launch import LaunchFailed
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.supervisor import Supervisor


def main() -> None:
    """Leaves the server's family first: what it started ends at once, and the supervisor belongs to nobody."""
    plan = Plan.from_json(sys.stdin.buffer.read())
    os.set_inheritable(plan.lock, False)
    if os.fork():
        os._exit(0)
    report = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    supervisor = Supervisor(plan)
    try:
        started = supervisor.start()
    except (LaunchFailed, OSError) as error:
        step = error.step if isinstance(error, LaunchFailed) else "setup"
        supervisor.abandon()
        _tell(report, {"step": step, "error": str(error)})
        os._exit(1)
    _tell(report, started)
    supervisor.run()
    os._exit(0)


def _tell(report: int, document: dict[str, object]) -> None:
    """A server that has gone meanwhile does not matter: the next one reads the folder."""
    try:
        os.write(report, json.dumps(document).encode())
    except OSError:
        return
    finally:
        os.close(report)
