"""The command line as a person runs it: a process with a home folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OWN = ("MODELYARD_", "XDG_", "COLUMNS", "FORCE_COLOR")


@dataclass
class Shell:
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: object, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs ``modelyard`` with these arguments; never on a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "modelyard.apps.cli", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env=self._environment(variables),
            cwd=self.home,
        )

    def ok(self, *arguments: object, stdin: str = "", **variables: str) -> str:
        """What a command that must succeed wrote to standard output."""
        done = self.run(*arguments, stdin=stdin, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: object, **options: Any) -> Any:
        return json.loads(self.ok(*arguments, "--json", **options))

    def fails(self, code: int, *arguments: object, stdin: str = "", **variables: str) -> str:
        """The one line that a command which must end with this code says last."""
        done = self.run(*arguments, stdin=stdin, **variables)
        assert done.returncode == code, f"{done.returncode}: {done.stderr}"
        line = done.stderr.strip().splitlines()[-1]
        assert line.startswith("error: "), done.stderr
        assert "/apps/cli/" not in done.stderr, f"a traceback of ours: {done.stderr}"
        return line

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        return inherited | {"HOME": str(self.home)} | self.variables | dict(variables)
