"""``make demo``'s program inside a Docker container with its default profile, which forbids namespaces: as root, and as
an ordinary user, who is permitted nothing."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from support import dockerd, ports, server

REPOSITORY = Path(__file__).resolve().parents[2]
HOST = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")
NOBODY = 65534


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(dockerd.url())
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> Iterator[str]:
    """An image of nothing but mount points."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode in {"proc": 0o755, "sys": 0o755, "dev": 0o755, "tmp": 0o1777}.items():
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
    name = f"points:t{os.getpid()}"
    client.api.import_image_from_data(buffer.getvalue(), repository="points", tag=name.partition(":")[2])
    yield name
    client.api.remove_image(name)


@pytest.mark.parametrize(("uid", "level"), [(0, "chroot"), (NOBODY, "none")])
def test_the_demo_works_at_the_level_that_is_left(
    client: docker.DockerClient, image: str, tmp_path: Path, uid: int, level: str
) -> None:
    data = data_of(uid, tmp_path / "d")
    status, log = run_demo(client, image, data, uid)
    assert status == 0, log + (data / "server.log").read_text()
    assert f"isolation level {level}" in log
    assert "Answered    360 of 360" in log


def data_of(uid: int, folder: Path) -> Path:
    """A data folder of the user's own with what a build would fetch."""
    folder.mkdir()
    server.link_stores(folder)
    if uid:
        # Copied, for linked files are root's in the other tests' folders too.
        own = folder.with_name("own")
        subprocess.run(["cp", "-a", folder, own], check=True)
        subprocess.run(["chown", "-R", f"{uid}:{uid}", own], check=True)
        return own
    return folder


def run_demo(client: docker.DockerClient, image: str, data: Path, uid: int) -> tuple[int, str]:
    """The host's programs, this Python and this checkout, read-only; only the data folder is written."""
    readable = [folder for folder in HOST if Path(folder).is_dir()] + [sys.base_prefix, sys.prefix, str(REPOSITORY)]
    volumes = {folder: {"bind": folder, "mode": "ro"} for folder in dict.fromkeys(readable)}
    container = client.containers.create(
        image,
        [sys.executable, "-m", "modelyard.apps.demo", "--once"],
        user=f"{uid}:{uid}",
        environment={name: value for name, value in os.environ.items() if name.startswith(("SSL_", "UV_", "HTTP"))}
        | {
            "HOME": "/tmp",
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MODELYARD_DATA_DIR": "/data",
            "MODELYARD_PORT": str(ports.free_port()),
        },
        volumes=volumes | {str(data): {"bind": "/data", "mode": "rw"}},
        working_dir="/",
        network_mode="host",
    )
    try:
        container.start()
        status = container.wait(timeout=400)["StatusCode"]
        return int(status), container.logs().decode()
    finally:
        container.remove(force=True)
