"""No bubblewrap: levels ``chroot`` and ``none``."""

from modelyard.adapters.engines.local.shim import syscalls
from modelyard.adapters.engines.local.shim.cgroups import Place
from modelyard.adapters.engines.local.shim.confine import Bare
from modelyard.adapters.engines.local.shim.main import serve
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.sandbox import Plain


def main() -> None:
    serve(_launch)


def _launch(plan: Plan, groups: list[Place]) -> Plain:
    syscalls.adopt_orphans()
    return Plain.launch(plan, groups, Bare())
