"""What this machine can isolate and limit, as data for ``modelyard doctor`` and the administrator's page."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard.adapters.engines.local.levels import Namespaces, Site
from modelyard.adapters.engines.local.probe import Trial
from modelyard.adapters.engines.local.shim import cgroups
from modelyard.rooms.runs.ports import Isolation

_SWITCHES = {
    "user.max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "kernel.unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "kernel.apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that allows bubblewrap",
    ),
}
"""Settings that forbid user namespaces: the value that does, and how to allow them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about this machine. ``holds``: it is as good as it gets; ``remedy``: how to make it so, if known."""

    topic: str
    holds: bool
    text: str
    remedy: str = ""


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
        return Finding("isolation", False, "No isolation level works: nothing can be executed by this engine.")
    level = working.level.isolation
    return Finding("isolation", level is Isolation.NAMESPACES, f"Isolation level {level.value}: {working.text}.")


def _refused(trial: Trial) -> Finding:
    reason = (trial.refused or "").rstrip(".")
    return Finding("isolation", False, f"Not possible: {trial.text} ({reason}).")


def _switches() -> list[Finding]:
    found = []
    for name, (forbids, remedy) in _SWITCHES.items():
        value = _setting(name)
        if value == forbids:
            found.append(Finding("kernel", False, f"{name} is {value}, which forbids user namespaces.", remedy))
    if not found and Path("/.dockerenv").exists():
        text = "This is a Docker container, whose system call filter forbids namespaces."
        found.append(
            Finding("kernel", False, text, "Run it with `--security-opt seccomp=unconfined`, or use the docker engine.")
        )
    return found


def _root_of_containers(working: Trial | None) -> list[Finding]:
    if working is None or not isinstance(working.level, Namespaces) or working.level.overlay:
        return []
    text = "Overlays cannot be mounted: each container gets a tree of hard links, which takes longer to start."
    return [Finding("overlay", False, text, "Linux 5.11 and bubblewrap 0.11, or newer, mount them without root.")]


def _memory(site: Site) -> Finding:
    if cgroups.limits_memory(list(site.places)):
        return Finding("memory", True, f"Memory is bounded by {_version(site)}.")
    text = "Memory is bounded by watching: a container that grows fast can pass its limit for a moment."
    return Finding("memory", False, text, _DELEGATE)


def _processes(site: Site, working: Trial | None) -> Finding:
    if cgroups.limits_pids(list(site.places)):
        return Finding("processes", True, f"The number of processes is bounded by {_version(site)}.")
    if working is not None and working.level.isolation is not Isolation.NONE:
        return Finding(
            "processes", True, "The number of processes is bounded per container by the kernel's count per user."
        )
    return Finding("processes", False, "The number of processes is bounded by watching.", _DELEGATE)


def _processor(site: Site) -> Finding:
    if cgroups.limits_cpu(list(site.places)):
        return Finding("processor", True, f"Processor time is bounded by {_version(site)}.")
    text = "Processor time is bounded in whole processors, by pinning each container to as many as it may use."
    return Finding("processor", False, text, _DELEGATE)


def _disk(working: Trial | None) -> Finding:
    if working is not None and working.level.isolation is Isolation.NAMESPACES:
        return Finding("disk", True, "What a container writes lies in memory and is bounded exactly.")
    return Finding("disk", False, "What a container writes is bounded by watching.")


def _consequence(working: Trial | None) -> Finding:
    if working is not None and working.level.isolation is Isolation.NAMESPACES:
        return Finding("consequence", True, "Code of everybody who may push can run here.")
    text = "Only code of people whom an administrator named can run here."
    return Finding("consequence", False, text, "Allow user namespaces, or use the docker engine.")


_DELEGATE = "Start the server as a systemd service with Delegate=yes, or as root outside of containers."


def _version(site: Site) -> str:
    return f"control groups (version {site.places[0].version})"


def _setting(name: str) -> str | None:
    file = Path("/proc/sys") / name.replace(".", "/")
    return file.read_text().strip() if os.access(file, os.R_OK) else None
