"""A bundle on a machine that has nothing but an engine: its README is followed to the letter, then its page is used."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, accessibility_faults, shoot
from modelyard_client import Client
from support import digits, dockerd
from support.browser import chromium
from support.dockerd import Machine
from support.podman import podman
from support.programs import need
from support.waiting import until

PAGE = "http://localhost:8080"


@dataclass(frozen=True)
class Bundle:
    place: Stage
    file: Path

    @property
    def example(self) -> dict[str, Any]:
        with Client(self.place.url) as client:
            return dict(client.get_version(self.place.address, 1)["card"]["example"])

    def steps(self, heading: str) -> str:
        """The commands of the fenced block below a heading of the README."""
        with tarfile.open(self.file) as archive:
            member = archive.extractfile("README.md")
            assert member is not None
            text = member.read().decode()
        found = re.search(rf"^## {heading}$.*?```sh\n(.*?)```", text, re.MULTILINE | re.DOTALL)
        assert found, heading
        return found[1]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    place = stage.stage()
    with Client(place.url) as client:
        folder = tmp_path_factory.mktemp("bundle")
        name = client.transport.send("HEAD", f"/api/v1/repos/{place.address}/versions/1/bundle")
        file = re.search(r"[^']+\.tar$", name.headers["content-disposition"])
        assert file
        client.download_bundle(place.address, 1, folder / file[0])
        return Bundle(place, folder / file[0])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = Path(f"/tmp/my-{tmp_path_factory.mktemp('m').stat().st_ino:x}")  # sockets have short paths
    folder.mkdir()
    with dockerd.machine(folder) as found:
        yield found
    shutil.rmtree(folder, ignore_errors=True)


def answer(machine: Machine, folder: Path, path: str, *arguments: str) -> Any:
    words = " ".join(["curl -sS --fail-with-body", *arguments, f"{PAGE}{path}"])
    return json.loads(machine.run(words, folder=folder))


def loaded(machine: Machine, folder: Path) -> bool:
    try:
        return bool(answer(machine, folder, "/model/data")["loaded"])
    except AssertionError:
        return False


def test_its_readme_leads_to_a_page_that_predicts(bundle: Bundle, elsewhere: Machine, tmp_path: Path) -> None:
    shutil.copy(bundle.file, tmp_path)
    assert elsewhere.run("docker images -q", folder=tmp_path) == ""
    steps = bundle.steps("Run it")
    assert "docker compose up -d" in steps
    elsewhere.run(steps.replace("docker compose", composer()), folder=tmp_path)
    until(lambda: loaded(elsewhere, tmp_path), seconds=240, what="the model of the bundle")
    by_curl = json.loads(elsewhere.run(bundle.steps("Call it from a program"), folder=tmp_path))["output"]
    with Client(bundle.place.url, token=bundle.place.owner.token) as client:
        here = client.predict(bundle.place.address, bundle.example).output
    assert by_curl == here
    with page_on(elsewhere, tmp_path) as page:
        fill_and_run(page)
    elsewhere.run(f"{composer()} down", folder=tmp_path)


def composer() -> str:
    """Debian's engine has compose as a program of its own, not as a plugin."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return "docker compose" if plugin.returncode == 0 else need("docker-compose", package="docker-compose")


@contextmanager
def page_on(machine: Machine, folder: Path) -> Iterator[Page]:
    """The bundle's page in a browser that runs on the other machine; script errors and requests elsewhere fail."""
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {" ".join(machine.enter)} {need("chromium", package="chromium")} "$@"\n')
    program.chmod(0o755)
    faults: list[str] = []
    with chromium(str(program)) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: None if _is_own(request.url) else faults.append(request.url))
        page.goto(PAGE)
        yield page
        assert faults == []


def _is_own(url: str) -> bool:
    return url.startswith((f"{PAGE}/", "data:", "blob:"))


def fill_and_run(page: Page) -> None:
    expect(page.get_by_role("heading", name="Handwritten digits", level=1)).to_be_visible(timeout=BUILD_MS)
    page.get_by_role("button", name="Run", exact=True).click()
    bars = page.get_by_role("list", name="Class probabilities")
    expect(bars).to_be_visible(timeout=BUILD_MS)
    expect(bars.get_by_role("listitem").first).to_contain_text("7")
    expect(page.get_by_text("Digits written by adults")).to_be_visible()
    assert accessibility_faults(page) == []
    shoot(page, "bundle-front")


def test_two_plain_commands_do_without_compose(bundle: Bundle, elsewhere: Machine, tmp_path: Path) -> None:
    shutil.copy(bundle.file, tmp_path)
    elsewhere.run(bundle.steps("Without compose"), folder=tmp_path)
    until(lambda: loaded(elsewhere, tmp_path), seconds=240, what="the model of the bundle")
    images, labels = digits.held_out()
    body = json.dumps({"image": images[0]})
    found = answer(elsewhere, tmp_path, "/model/predict", "-H 'Content-Type: application/json'", f"-d '{body}'")
    assert max(found["output"], key=found["output"].get) == str(labels[0])


def test_podman_loads_it_as_it_is(bundle: Bundle) -> None:
    """Loaded, under the same names and ids; containers would need Podman's own network programs."""
    with podman() as run:
        run("load", "-q", "-i", str(bundle.file))
        found = {image["Names"][0]: image["Id"] for image in json.loads(run("images", "--format", "json"))}
        run("rmi", "--all", "--force")
    with tarfile.open(bundle.file) as archive:
        member = archive.extractfile("manifest.json")
        assert member is not None
        wanted = {image["RepoTags"][0]: image["Config"].removesuffix(".json") for image in json.load(member)}
    assert found == wanted
