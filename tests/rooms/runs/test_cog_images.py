"""Real images of Cog's, of the releases with either of its servers, on both engines: their runs come to an end."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.docker import DockerEngine
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.kit.db import Database
from modelyard.rooms.runs import service
from modelyard.rooms.runs.ports import Engine
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Input, InputFile, Resources, Run
from rooms.runs.site import Site, real_site
from support import cog_images
from support.waiting import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class Cog(Site):
    """A site whose runs are predictions of images with one release of Cog."""

    def __init__(self, db: Database, folder: Path, engine: Engine, release: str) -> None:
        super().__init__(db, folder, engine, cog_images.store())
        self.links, self.release = True, release

    def predict(self, predictor: str, *, inputs: tuple[Input, ...] = (), **parameters: Any) -> UUID:
        return self.queue(
            image_digest=cog_images.digest(self.release, predictor),
            command=service.driven(cog_images.COMMAND),
            parameters=parameters,
            inputs=inputs,
            resources=Resources(timeout_seconds=300),
        )

    def given(self, name: str, kind: str, **files: bytes) -> Input:
        stored = {path.replace("_", "."): self.blobs.put([data]) for path, data in files.items()}
        placed = [InputFile(path=path, digest=blob.digest, size=blob.size) for path, blob in stored.items()]
        path = f"/in/{name}" if kind == "files" else f"/in/{name}/{placed[0].path}"
        return Input(
            name=name,
            kind=kind,
            source="upload",
            digest=placed[0].digest,
            count=len(placed),
            size=1,
            path=path,
            files=placed,
        )

    def words(self, id: UUID) -> list[str]:
        return self.log(id).decode().splitlines()


@pytest.fixture
def site(db: Database, tmp_path: Path) -> Cog:
    return _local(db, tmp_path, cog_images.RUST_SERVER)


@pytest.fixture
def docker_site(db: Database, tmp_path: Path, docker_url: str) -> Cog:
    state = cog_images.folder() / "docker"
    engine = DockerEngine(cog_images.store(), state, url=docker_url, network="host", namespace="cog")
    return Cog(db, tmp_path, engine, cog_images.RUST_SERVER)


def succeeded(site: Cog, id: UUID) -> Run:
    run = until(lambda: found if (found := site.get(id)).ended_at else None, seconds=180)
    assert run.state is RunState.SUCCEEDED, "\n".join([str(run.reason), *site.words(id)])
    return run


def failed(site: Cog, id: UUID) -> str:
    run = until(lambda: found if (found := site.get(id)).ended_at else None, seconds=180)
    assert (run.state, run.exit_code) == (RunState.FAILED, 1), "\n".join([str(run.reason), *site.words(id)])
    assert site.words(id)[-1] == f"cog: {run.reason}"
    return str(run.reason)


def test_each_kind_of_output_becomes_files(site: Cog) -> None:
    pages = site.given("pages", "files", a_txt=b"one", b_txt=b"two")
    with site.running():
        tokens, text = site.predict("Tokens", text="ab", times=3), site.predict("Text", text="ä", times=2)
        shown, read = site.predict("Picture", inputs=(_picture(site),)), site.predict("Pages", inputs=(pages,))
        steps, scores = site.predict("Steps", times=11), site.predict("Scores")
        assert succeeded(site, tokens).result == {"output": ["ab", "ab", "ab"]}
        assert site.outputs(tokens)["output.txt"] == b"ababab"
        assert succeeded(site, text).result == {"output": "ää"}
        assert site.outputs(text)["output.txt"] == "ää".encode()
        assert json.loads(site.outputs(text)["metrics.jsonl"])["predict_time"] >= 0
        assert succeeded(site, shown).result == {"output": "output.png"}
        assert site.outputs(shown)["output.png"] == PNG
        assert "given my cat.png" in "\n".join(site.words(shown))
        assert succeeded(site, read).result == {"output": ["output.0.txt", "output.1.txt"]}
        assert site.outputs(read)["output.1.txt"] == b"TWO"
        succeeded(site, steps)
        assert [site.outputs(steps)[f"output.{n:02d}.txt"] for n in (0, 10)] == [b"0", b"10"]
        assert succeeded(site, scores).result == {"output": {"mask": "output.mask.png", "score": 0.5}}


def test_a_failure_is_told_in_cogs_own_words(site: Cog) -> None:
    with site.running():
        raised, setup = site.predict("Raises", text="this"), site.predict("BadSetup")
        refused, died = site.predict("Text", times="often"), site.predict("Dies")
        assert "this cannot be said" in failed(site, raised)
        assert "there are no weights" in "\n".join([failed(site, setup), *site.words(setup)])
        assert failed(site, refused).startswith("the input is not accepted: times: ")
        assert failed(site, died)


def test_one_that_is_cancelled_cleans_up(site: Cog) -> None:
    with site.running():
        _cancel(site)


def test_it_is_the_same_with_the_older_server(db: Database, tmp_path: Path) -> None:
    site = _local(db, tmp_path, cog_images.PYTHON_SERVER)
    with site.running():
        tokens, refused = site.predict("Tokens", text="ab", times=3), site.predict("Text", times="often")
        pages = site.predict("Pages", inputs=(site.given("pages", "files", a_txt=b"one", b_txt=b"two"),))
        succeeded(site, tokens)
        assert site.outputs(tokens)["output.txt"] == b"ababab"
        assert failed(site, refused).startswith("the input is not accepted: times: ")
        succeeded(site, pages)
        assert site.outputs(pages)["output.1.txt"] == b"TWO"
        _cancel(site)


def test_it_is_the_same_with_docker(docker_site: Cog) -> None:
    site = docker_site
    with site.running():
        shown, raised = site.predict("Picture", inputs=(_picture(site),)), site.predict("Raises", text="this")
        succeeded(site, shown)
        assert site.outputs(shown)["output.png"] == PNG
        assert "this cannot be said" in failed(site, raised)
        _cancel(site)


def test_an_image_without_a_python_is_refused_with_that_reason(db: Database, tmp_path: Path) -> None:
    blobs = LocalBlobStore(tmp_path / "blobs")
    site = real_site(db, tmp_path, LocalEngine(tmp_path / "engine", blobs), blobs)
    with site.running():
        run = site.ended(site.queue(command=service.driven(cog_images.COMMAND)))
    assert run.state is RunState.FAILED
    assert "run by its own Python: python." in str(run.reason)


def _local(db: Database, folder: Path, release: str) -> Cog:
    return Cog(db, folder, LocalEngine(cog_images.folder() / "engine", cog_images.store()), release)


def _picture(site: Cog) -> Input:
    return site.given("image", "file", **{"my cat_png": PNG})


def _cancel(site: Cog) -> None:
    id = site.predict("Slow")
    until(lambda: "it begins" in _live_log(site, id), seconds=120)
    site.cancel(id)
    run = until(lambda: found if (found := site.get(id)).ended_at else None)
    assert (run.state, run.exit_code) == (RunState.CANCELLED, 143)
    assert "it cleans up" in site.words(id)


def _live_log(site: Cog, id: UUID) -> str:
    return next((file.read_text() for file in site.scratch.glob(f"{id.hex}-*/log")), "")
