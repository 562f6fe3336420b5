"""Fails when web/openapi.json or the client generated from it is not what the server's code says now."""

import subprocess
import sys

import bootstrap

DOCUMENT = bootstrap.ROOT / "web/openapi.json"


def main() -> None:
    before = DOCUMENT.read_bytes() if DOCUMENT.exists() else b""
    subprocess.run([sys.executable, "-m", "modelyard.apps.openapi"], cwd=bootstrap.ROOT, check=True)
    if DOCUMENT.read_bytes() != before:
        sys.exit("web/openapi.json was stale and has been written anew: run `npm run client` in web/ and commit both.")
    web = [sys.executable, "scripts/build_web.py", "run", "--silent", "check"]
    sys.exit(subprocess.run(web, cwd=bootstrap.ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
