"""What this machine can isolate and limit, as data for ``modelyard doctor`` and the administrator's page."""

import os
from collections.abc import Sequence
from pathlib import Path

from modelyard.adapters.engines.local.levels import Namespaces, Site
from modelyard.adapters.engines.local.probe import Trial
from modelyard.adapters.engines.local.shim import cgroups
from modelyard.rooms.runs.ports import Finding, Isolation

_SWITCHES = {
    "user.max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "kernel.unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "kernel.apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that allows bubblewrap",
    ),
}
"""Settings that forbid user namespaces: the value that does, and how to allow them."""


def describe(trials: Sequence[Trial], site: Site) -> list[Finding]:
    """Findings in the order of a report: isolation, why not better, limits, what follows."""
    working = next((trial for trial in trials if trial.refused is None), None)
    forbidden = working is None or any(isinstance(t.level, Namespaces) for t in trials if t.refused is not None)
    return [
        _isolation(working),
        *(_refused(trial) for trial in trials if trial.refused is not None),
        *(_switches() if forbidden else []),
        *_root_of_containers(working),
        _memory(site),
        _processes(site, working),
        _processor(site),
        _disk(working),
        _consequence(working),
    ]


def _isolation(working: Trial | None) -> Finding:
    if working is None:
        return Finding("warning", "No isolation level works: nothing can be executed by this engine.")
    level = working.level.isolation
    return Finding(
        _OK if level is Isolation.NAMESPACES else "warning", f"Isolation level {level.value}: {working.text}."
    )


def _refused(trial: Trial) -> Finding:
    return Finding(_LESS, f"Not possible: {trial.text}.", why=(trial.refused or "").rstrip(".") + ".")


def _switches() -> list[Finding]:
    found = []
    for name, (forbids, remedy) in _SWITCHES.items():
        value = _setting(name)
        if value == forbids:
            found.append(Finding(_LESS, "User namespaces are forbidden.", why=f"{name} is {value}.", remedy=remedy))
    if not found and Path("/.dockerenv").exists():
        why = "This is a Docker container, whose system call filter forbids them."
        remedy = "Run it with `--security-opt seccomp=unconfined`, or use the docker engine."
        found.append(Finding(_LESS, "Namespaces are forbidden.", why=why, remedy=remedy))
    return found


def _root_of_containers(working: Trial | None) -> list[Finding]:
    if working is None or not isinstance(working.level, Namespaces) or working.level.overlay:
        return []
    what = "Each container gets a tree of hard links as its root, which takes longer to start."
    remedy = "Linux 5.11 and bubblewrap 0.11, or newer, mount overlays without root."
    return [Finding(_LESS, what, why="Overlays cannot be mounted.", remedy=remedy)]


def _memory(site: Site) -> Finding:
    if cgroups.limits_memory(list(site.places)):
        return Finding(_OK, f"Memory is bounded by {_version(site)}.")
    what = "Memory is bounded by watching: a container that grows fast can pass its limit for a moment."
    return Finding(_LESS, what, why=_NO_GROUPS, remedy=_DELEGATE)


def _processes(site: Site, working: Trial | None) -> Finding:
    if cgroups.limits_pids(list(site.places)):
        return Finding(_OK, f"The number of processes is bounded by {_version(site)}.")
    if working is not None and working.level.isolation is not Isolation.NONE:
        return Finding(_OK, "The number of processes is bounded per container by the kernel's count per user.")
    return Finding(_LESS, "The number of processes is bounded by watching.", why=_NO_GROUPS, remedy=_DELEGATE)


def _processor(site: Site) -> Finding:
    if cgroups.limits_cpu(list(site.places)):
        return Finding(_OK, f"Processor time is bounded by {_version(site)}.")
    what = "Processor time is bounded in whole processors, by pinning each container to as many as it may use."
    return Finding(_LESS, what, why=_NO_GROUPS, remedy=_DELEGATE)


def _disk(working: Trial | None) -> Finding:
    if working is not None and working.level.isolation is Isolation.NAMESPACES:
        return Finding(_OK, "What a container writes lies in memory and is bounded exactly.")
    return Finding(
        _LESS, "What a container writes is bounded by watching.", why="No file system can be mounted for it."
    )


def _consequence(working: Trial | None) -> Finding:
    if working is not None and working.level.isolation is Isolation.NAMESPACES:
        return Finding(_OK, "Code of everybody who may push can run here.")
    what = "Only code of people whom an administrator named can run here."
    return Finding("warning", what, remedy="Allow user namespaces, or use the docker engine.")


_OK, _LESS = "ok", "notice"
_NO_GROUPS = "The server cannot make control groups."
_DELEGATE = "Start the server as a systemd service with Delegate=yes, or as root outside of containers."


def _version(site: Site) -> str:
    return f"control groups (version {site.places[0].version})"


def _setting(name: str) -> str | None:
    file = Path("/proc/sys") / name.replace(".", "/")
    return file.read_text().strip() if os.access(file, os.R_OK) else None
