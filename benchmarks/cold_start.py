"""From a version that is ready to its first answer, on engines `local` and `docker`, against floors of the same run.

The floors: a fresh process that imports scikit-learn and unpickles the model; `docker run` of the same image that does
nothing; and the sandbox of engine `local` that does nothing. Push acknowledged to ready is told by stage.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from measure import Bar, in_turn, private_services, report
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.docker import DockerEngine
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.images import service as images
from modelyard.rooms.runs.ports import ContainerSpec, Engine, Image
from support import databases, digits, dockerd, server
from support.server import Server
from support.waiting import until

ROUNDS = 5
UNPICKLE = "import pickle, sys, sklearn; pickle.load(open(sys.argv[1], 'rb'))"
NOTHING = ("/usr/bin/python3.11", "-I", "-S", "-c", "pass")


def main() -> None:
    with private_services() as scratch:  # it must be there before the others are asked for
        engine = {"engine": "docker", "docker_url": dockerd.url()}
        with _site(scratch, "l", {}) as local, _site(scratch, "d", engine) as docker:
            calls = {"local": _Call(local), "docker": _Call(docker)}
            sandbox, container = _nothing_runs(scratch, local, calls["local"].version["image"]["digest"])
            argv = [sys.executable, "-c", UNPICKLE, str(digits.parts()["artifact"])]
            seconds = in_turn(
                {
                    "import and unpickle": lambda: subprocess.run(argv, check=True),
                    "docker run": container,
                    "sandbox": sandbox,
                    "first answer, local": calls["local"].answer,
                    "first answer, docker": calls["docker"].answer,
                },
                rounds=ROUNDS,
                before={"first answer, local": calls["local"].cool, "first answer, docker": calls["docker"].cool},
            )
            stages = _stages(digits.push(local, local.token, name="again"))
    report("cold_start", {f"{name}, s": value for name, value in (seconds | stages).items()}, _bars(seconds))


def _bars(seconds: dict[str, float]) -> list[Bar]:
    floor, docker_run = seconds["import and unpickle"], seconds["docker run"]
    return [
        Bar("local / floor", seconds["first answer, local"] / floor, 1.5, at_most=True),
        Bar("docker / (1.5 floor + docker run)", seconds["first answer, docker"] / (1.5 * floor + docker_run), 1, True),
        Bar("sandbox / docker run", seconds["sandbox"] / docker_run, 0.3, at_most=True),
    ]


class _Call:
    """A deployed model that is called while none of its boxes runs."""

    def __init__(self, site: Server) -> None:
        self.version = digits.push(site, site.token)
        self._api = f"/api/v1/repos/{self.version['address']}/deployment"
        self._url = f"/serve/{self.version['address']}/model/predict"
        self._image = digits.held_out()[0][0]
        self._client = site.client()
        self._client.put(self._api, json={}).raise_for_status()
        self.answer()

    def answer(self) -> None:
        answer = self._client.post(self._url, json={"image": self._image})
        assert answer.status_code == 200, answer.text
        assert "x-modelyard-cold-start" in answer.headers

    def cool(self) -> None:
        self._client.post(f"{self._api}/stop").raise_for_status()
        until(lambda: not self._alive(self._client.get(self._api)), seconds=60)
        self._client.put(self._api, json={}).raise_for_status()

    @staticmethod
    def _alive(answer: httpx.Response) -> bool:
        return any(replica["state"] in ("starting", "ready") for replica in answer.json()["running"])


def _nothing_runs(scratch: Path, site: Server, digest: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """The same image doing nothing: in our sandbox, and by `docker run`; its layers are there for both."""
    store = LocalBlobStore(site.folder / "d" / "blobs")
    found = images.find_image(store, digest)
    image = Image(digest=found.digest, config=found.config, layers=found.layers)
    local = LocalEngine(scratch / "e", store)
    docker = DockerEngine(store, scratch / "x", url=dockerd.url())
    for engine in (local, docker):
        _run_nothing(engine, image)
    argv = ["docker", "--host", dockerd.url(), "run", "--rm", "--network", "none", "--entrypoint", NOTHING[0]]
    argv += [_tag(image), *NOTHING[1:]]
    return lambda: _run_nothing(local, image), lambda: _quietly(argv)


def _run_nothing(engine: Engine, image: Image) -> None:
    name = f"nothing-{uuid4().hex}"
    engine.create(ContainerSpec(name=name, image=image, command=NOTHING))
    ended = engine.wait(name, timeout=60)
    assert ended.exit_code == 0, ended
    engine.remove(name)


def _tag(image: Image) -> str:
    """How the Docker engine knows the image that was loaded: by its only image with these layers."""
    argv = ["docker", "--host", dockerd.url(), "images", "--quiet", "--no-trunc"]
    ids = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    for id in ids:
        inspected = ["docker", "--host", dockerd.url(), "inspect", "--format", "{{json .RootFS.Layers}}", id]
        layers = subprocess.run(inspected, check=True, capture_output=True, text=True).stdout
        if all(layer in layers for layer in image.layers):
            return id
    raise AssertionError("the image was not loaded")


def _quietly(argv: list[str]) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _stages(version: dict[str, Any]) -> dict[str, float]:
    """Seconds of each stage of a build whose packages are all known, and of the whole."""
    found = {
        f"build, {stage['name']}": _between(stage["started_at"], stage["ended_at"])
        for stage in version["stages"]
        if stage["started_at"] and stage["ended_at"]
    }
    return found | {"push acknowledged to ready": _between(version["created_at"], version["ready_at"])}


def _between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


@contextmanager
def _site(scratch: Path, name: str, settings: dict[str, str]) -> Iterator[Server]:
    folder = scratch / name
    folder.mkdir(mode=0o755)
    site = server.start(folder, databases.create("sqlite", folder), **settings)
    try:
        yield site
    finally:
        server.stop(site)


if __name__ == "__main__":
    main()
