"""Root inside a real Docker container, whose default profile forbids namespaces: the engine works at level chroot."""

import io
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

REPOSITORY = Path(__file__).resolve().parents[4]
HOST = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")


def empty_image() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("proc", "sys", "dev", "tmp"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(info)
    return buffer.getvalue()


@pytest.fixture
def inside(docker_url: str) -> Iterator[docker.models.containers.Container]:
    """A container with the host's programs and the repository, and nothing of the host beyond."""
    client = docker.DockerClient(docker_url)
    client.api.import_image_from_data(empty_image(), repository="empty", tag=f"t{os.getpid()}")
    folders = [folder for folder in HOST if Path(folder).is_dir()] + [sys.base_prefix, sys.prefix, str(REPOSITORY)]
    contract = "tests/adapters/engines/local/test_engine.py"
    container = client.containers.create(
        f"empty:t{os.getpid()}",
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", contract, "-k", "TestChroot"],
        environment={"PYTHONDONTWRITEBYTECODE": "1"},
        volumes={folder: {"bind": folder, "mode": "ro"} for folder in dict.fromkeys(folders)},
        working_dir=str(REPOSITORY),
        network_mode="none",
    )
    yield container
    container.remove(force=True)
    client.api.remove_image(f"empty:t{os.getpid()}")
    client.close()


def test_the_contract_holds_inside_a_container(inside: docker.models.containers.Container) -> None:
    inside.start()
    status = inside.wait(timeout=300)["StatusCode"]
    log = inside.logs().decode()
    assert status == 0, log
    assert " passed" in log
