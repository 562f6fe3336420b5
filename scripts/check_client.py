"""Fails when web/openapi.json or the client generated from it is not what the server's code says now."""

import json
import subprocess
import sys

import bootstrap

DOCUMENT = bootstrap.ROOT / "web/openapi.json"


def main() -> None:
    program = [sys.executable, "-m", "modelyard.apps.openapi"]
    now = subprocess.run(program, cwd=bootstrap.ROOT, check=True, stdout=subprocess.PIPE).stdout
    if not DOCUMENT.exists() or json.loads(DOCUMENT.read_bytes()) != json.loads(now):
        DOCUMENT.write_bytes(now)
        sys.exit("web/openapi.json was stale and has been written anew: run `npm run client` in web/ and commit both.")
    web = [sys.executable, "scripts/build_web.py", "run", "--silent", "check"]
    sys.exit(subprocess.run(web, cwd=bootstrap.ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
