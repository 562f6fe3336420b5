"""Runs all benchmarks, or the named ones: `make bench [NAME=…]`. Exits 0 whether or not their bars hold."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"contenders", "measure", "run", "wrk"}


def main(names: list[str]) -> int:
    known = sorted({file.stem for file in FOLDER.glob("*.py")} - NOT_BENCHMARKS)
    if unknown := set(names) - set(known):
        sys.exit(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    broken = [name for name in names or known if not _run(name)]
    if broken:
        print(f"Broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _run(name: str) -> bool:
    print(f"── {name}", file=sys.stderr, flush=True)
    return subprocess.run([sys.executable, FOLDER / f"{name}.py"], check=False, cwd=FOLDER.parent).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
