"""Makes .venv exactly as uv.lock says; quick when it is so already. Standard library only.

uv comes from PATH, else from pip where there is one, else straight from the wheel that uv.lock names, checked against
the hash there: a fresh Debian has neither uv nor pip, and perhaps no venv module.
"""

import hashlib
import importlib.util
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / ".modelyard-groups.json"
PYTHON = VENV / "bin/python"
MUSL = "musllinux" if Path(f"/lib/ld-musl-{platform.machine()}.so.1").exists() else "manylinux"


def main(groups: list[str]) -> None:
    """Installs the server and the named dependency groups; groups installed earlier stay."""
    wanted = _lock_hash()
    have = _installed()
    if have.get("lock") == wanted and set(groups) <= set(have["groups"]):
        return
    uv = find_uv()
    if not _works(PYTHON):
        run(uv, "venv", "--quiet", "--clear", "--python", _base_python(), str(VENV))
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    kept = sorted({*groups, *have.get("groups", [])})
    chosen = [part for group in kept for part in ("--group", group)]
    print("Installing Python packages into .venv …", file=sys.stderr, flush=True)
    run(uv, "sync", *quiet, "--frozen", "--no-default-groups", *chosen)
    STAMP.write_text(json.dumps({"lock": wanted, "groups": kept}))


def find_uv() -> str:
    """A uv to run: the one on PATH, or one put into .tools now or earlier."""
    if found := shutil.which("uv"):
        return found
    target = TOOLS / "uv"
    program = target / "bin/uv"
    if not _works(program):
        print("Fetching uv into .tools …", file=sys.stderr, flush=True)
        target.mkdir(parents=True, exist_ok=True)
        package = _locked_uv()
        if not (_fetch_by_pip(package, target) and _works(program)):
            _fetch_wheel(package, program)
    return str(program)


def run(*command: str) -> None:
    """Runs a command of uv on .venv; ends the program with one line if it fails, for it has said why."""
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.pop("VIRTUAL_ENV", None)
    result = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if result.returncode:
        sys.exit(f"`{' '.join(command)}` failed; its message is above.")


def end_silently_on_interrupt() -> None:
    """Ctrl-C ends the program as it ends any other, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _fetch_by_pip(package: dict, target: Path) -> bool:
    """Tries pip, which knows this machine's index and proxy settings; says whether it succeeded."""
    if importlib.util.find_spec("pip") is None:
        return False
    wanted = f"uv=={package['version']}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--retries=1",
        "--no-deps",
        "--upgrade",
        "--target",
        target,
        wanted,
    ]
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0


def _fetch_wheel(package: dict, program: Path) -> None:
    """Downloads the wheel that uv.lock names and takes the program out of it."""
    wheel = next((w for w in package["wheels"] if MUSL in w["url"] and platform.machine() in w["url"]), None)
    if wheel is None:
        sys.exit(f"There is no uv for {platform.machine()}: install uv and put it on PATH.")
    try:
        with urllib.request.urlopen(wheel["url"], timeout=60) as response:
            content = response.read()
    except OSError as e:
        sys.exit(f"uv could not be fetched from {wheel['url']}: {e}. Check this machine's network, or install uv.")
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != wheel["hash"]:
        sys.exit(f"The wheel of uv from {wheel['url']} does not have the hash in uv.lock.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/scripts/uv"))
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(archive.read(name))
    program.chmod(0o755)


def _locked_uv() -> dict:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return next(package for package in lock["package"] if package["name"] == "uv")


def _lock_hash() -> str:
    content = b"".join((ROOT / name).read_bytes() for name in ("uv.lock", "pyproject.toml"))
    return hashlib.sha256(content).hexdigest()


def _installed() -> dict:
    """What the last run installed; empty where .venv is absent, broken or unknown."""
    return json.loads(STAMP.read_text()) if STAMP.exists() and _works(PYTHON) else {}


def _works(program: Path) -> bool:
    return program.exists() and subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0


def _base_python() -> str:
    """The interpreter behind this one: a new .venv must not stand on the old."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)))


if __name__ == "__main__":
    end_silently_on_interrupt()
    main(sys.argv[1:])
