"""Bubblewrap started by an ordinary user."""

from modelyard.adapters.engines.local.shim.bubble import Bubble
from modelyard.adapters.engines.local.shim.launch import Confinement
from modelyard.adapters.engines.local.shim.main import serve


def main() -> None:
    serve(lambda plan, groups: Bubble.launch(plan, groups, Confinement()))
