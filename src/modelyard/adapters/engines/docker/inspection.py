"""What the engine says of a container, in the port's words. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from modelyard.adapters.engines.docker.config import spec_labels
from modelyard.rooms.runs.ports import Container, Isolation, State, Usage

UNSETTLED = ("stopping", "stopped")


def isolation_of(runtime: str | None) -> Isolation:
    """``vm`` for runtimes with a kernel of their own: gVisor's runsc, Kata Containers."""
    own_kernel = runtime is not None and any(word in runtime for word in ("runsc", "kata"))
    return Isolation.VM if own_kernel else Isolation.NAMESPACES


def container(
    facts: Mapping[str, Any],
    *,
    name: str,
    isolation: Isolation,
    usage: Usage | None,
    stopped: bool,
    memory_ran_out: bool,
    processes_ran_out: bool,
    disk_ran_out: bool,
) -> Container:
    """A container from the answer to GET /containers/{id}/json and what we know besides."""
    state = facts["State"]
    running = is_running(state)
    code = None if running else int(state["ExitCode"])
    reason = _reason(
        code,
        stopped=stopped,
        memory=state.get("OOMKilled", False) or memory_ran_out,
        processes=processes_ran_out,
        disk=disk_ran_out,
    )
    return Container(
        name=name,
        state=State.RUNNING if running else State.EXITED,
        labels=spec_labels(facts["Config"].get("Labels") or {}),
        isolation=isolation,
        started_at=parse_time(state["StartedAt"]),
        exit_code=code,
        reason=reason,
        usage=usage or Usage(),
    )


def has_failed(state: Mapping[str, Any]) -> bool:
    """Whether it has ended, and not well."""
    return not is_running(state) and state["ExitCode"] != 0


def is_running(state: Mapping[str, Any]) -> bool:
    """Whether it has not ended; Podman says ``stopped`` while it still collects the exit code."""
    return any(state.get(key) for key in ("Running", "Paused", "Restarting")) or state.get("Status") in UNSETTLED


def usage(statistics: Mapping[str, Any]) -> Usage | None:
    """Usage from the answer to GET /containers/{id}/stats; None for a container that has just ended.

    Only cgroup v1 tells the engine the peak of memory; on v2 the present value stands for it.
    """
    nanoseconds = statistics.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage")
    memory = statistics.get("memory_stats", {})
    if not nanoseconds:
        return None
    return Usage(nanoseconds / 1e9, memory.get("max_usage") or memory.get("usage"))


def memory_now(statistics: Mapping[str, Any]) -> int | None:
    """Bytes held, from the same answer."""
    held = statistics.get("memory_stats", {}).get("usage")
    return held if isinstance(held, int) else None


def parse_time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, which Python keeps to the microsecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def _reason(code: int | None, *, stopped: bool, memory: bool, processes: bool, disk: bool) -> str | None:
    """Why it was ended. One that ended well needs no reason, though children of it may have been killed."""
    if code is None:
        return None
    if stopped:
        return "stopped"
    if code == 0:
        return None
    if memory:
        return "out of memory"
    if disk:
        return "disk full"
    return "too many processes" if processes else None
