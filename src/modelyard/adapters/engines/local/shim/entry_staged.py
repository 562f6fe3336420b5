"""Bubblewrap started by root."""

from modelyard.adapters.engines.local.shim.bubble import Bubble
from modelyard.adapters.engines.local.shim.confine import Staged
from modelyard.adapters.engines.local.shim.main import serve


def main() -> None:
    serve(lambda plan, groups: Bubble.launch(plan, groups, Staged()))
