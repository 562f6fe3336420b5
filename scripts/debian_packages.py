"""Sees to the Debian packages that tests and benchmarks need. Standard library only.

As root on Debian it installs what is missing, without starting any service; elsewhere it names the packages and fails.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A file that the package brings, and the package.
NEEDED = {
    "/usr/sbin/dockerd": "docker.io",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/bin/chromium": "chromium",
    "/usr/lib/*/libatomic.so.1": "libatomic1",  # of the Node.js inside the playwright package
    "/usr/share/fonts/truetype/liberation": "fonts-liberation",
    "/usr/bin/git": "git",
    "/usr/bin/git-lfs": "git-lfs",
    "/usr/bin/skopeo": "skopeo",
    "/usr/bin/docker-registry": "docker-registry",
    "/usr/bin/docker-compose": "docker-compose",
    "/usr/bin/podman": "podman",
    "/sbin/ip": "iproute2",
    "/bin/busybox": "busybox-static",
    "/usr/bin/setpriv": "util-linux",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
FOR_BENCHMARKS = {
    "/usr/bin/wrk": "wrk",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/sbin/nginx": "nginx-light",
    "/usr/sbin/fcgiwrap": "fcgiwrap",
}
POLICY = Path("/usr/sbin/policy-rc.d")


def main(arguments: list[str]) -> None:
    wanted = NEEDED | (FOR_BENCHMARKS if "benchmarks" in arguments else {})
    if missing := [package for file, package in wanted.items() if not _exists(file)]:
        _install(missing)


def _exists(pattern: str) -> bool:
    return any(Path("/").glob(pattern.removeprefix("/")))


def _install(packages: list[str]) -> None:
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        names = " ".join(packages)
        sys.exit(f"Packages are missing: {names}. As root on Debian: apt-get install -y {names}")
    print(f"Installing Debian packages: {' '.join(packages)} …", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _services_left_alone():
        for command in (["apt-get", "update", "-q"], install):
            result = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
            if result.returncode:
                sys.exit(f"`{' '.join(command)}` failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")


@contextmanager
def _services_left_alone() -> Iterator[None]:
    """Keeps dpkg from starting what it installs (a system-wide Docker or PostgreSQL): tests start their own."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
