"""What ``make demo`` shows, step by step: train, push, deploy, predict."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.apps.cli.exits import CommandError
from modelyard.apps.cli.output import size_of
from modelyard.apps.cli.progress import show_build
from modelyard_client import Client, ClientError
from modelyard_client.answers import Replica, Version

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
PARTS = ("source.zip", "model.pkl", "requirements.txt", "config.json")
HELD_OUT = "held_out.json"
ACCURACY_WANTED = 0.95
PARALLEL = 8
BOXES_STOP_WITHIN_S = 20
PLAIN_INTERVAL_S = 2.0
ENDED = ("stopped", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    answered: int
    total: int
    accuracy: float

    @property
    def good(self) -> bool:
        return self.answered == self.total and self.accuracy >= ACCURACY_WANTED


def train(folder: Path) -> Path:
    """The folder with the parts of a push and the held-out images, which are made unless they are there."""
    if not (folder / HELD_OUT).exists():
        say("Training the digits model on 1,437 of scikit-learn's images …")
        began = time.monotonic()
        trained = subprocess.run(
            [sys.executable, str(EXAMPLE / "train.py"), str(folder)], check=False, capture_output=True, text=True
        )
        if trained.returncode:
            last = (trained.stderr.splitlines() or [""])[-1]
            raise CommandError(f"Training failed: {last}", remedy=f"Run {EXAMPLE / 'train.py'} to see more.")
        say(f"  {time.monotonic() - began:6.1f} s  trained and pickled")
    return folder


def push(client: Client, address: str, folder: Path) -> Version:
    """The newest version that did not fail, else a new one; its build is shown until it is ready."""
    version = _known(client, address)
    if version is not None and version["state"] == "ready":
        say(f"{address} v{version['number']} was pushed and built before.")
        return version
    if version is None:
        say(f"Pushing {address}: {' + '.join(PARTS)}")
        source, artifact, requirements, config = (folder / file for file in PARTS)
        version = client.push_parts(address, source=source, artifact=artifact, requirements=requirements, config=config)
    began = time.monotonic()
    version = _narrate(client, address, version)
    if version["state"] != "ready":
        raise CommandError(f"The build failed: {version['reason']}", remedy=version["remedy"] or "")
    say(f"{address} v{version['number']} is ready after {time.monotonic() - began:.1f} s")
    return version


def predict(client: Client, address: str, folder: Path, version: Version) -> Outcome:
    """Sends the held-out images through the gateway, the first alone, which waits for the box."""
    held_out = json.loads((folder / HELD_OUT).read_text())
    first = client.predict(address, {"image": held_out["images"][0]})
    started = "" if first.cold_start is None else f", started in {first.cold_start:.2f} s"
    boxes = _boxes(client, address)
    say(f"Deployed, isolation level {boxes[0]['isolation'] if boxes else 'unknown'}{started}")
    say(f"Sending {len(held_out['images'])} images that it has never seen through the gateway …\n")
    began = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as threads:
        answers = list(threads.map(lambda image: _ask(client, address, image), held_out["images"]))
    seconds = time.monotonic() - began
    outcome = _judge(answers, held_out["labels"])
    say(f"  Answered    {outcome.answered} of {outcome.total}")
    say(f"  Accuracy    {outcome.accuracy:.3f}")
    say(f"  Throughput  {outcome.answered / seconds:.0f} predictions a second")
    if image := version["image"]:
        say(f"  Image       {image['digest']}, {size_of(image['size'])}")
    return outcome


def stop_boxes(client: Client, address: str) -> None:
    """Stops the deployment and waits until nothing of it runs: boxes outlive a server."""
    try:
        client.stop_deployment(address)
        deadline = time.monotonic() + BOXES_STOP_WITHIN_S
        while _boxes(client, address) and time.monotonic() < deadline:
            time.sleep(0.05)
    except ClientError as e:
        say(f"The deployment could not be stopped: {e}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _known(client: Client, address: str) -> Version | None:
    if client.find_repository(address) is None:
        client.create_repository(address, visibility="public")
        return None
    return next((v for v in client.list_versions(address) if v["state"] != "failed"), None)


def _narrate(client: Client, address: str, version: Version) -> Version:
    """Shows the build: living on a terminal, elsewhere each thing as it begins."""
    events = client.follow_build(address, version["number"])
    if sys.stderr.isatty():
        return show_build(version, events)[0]
    began, stage, text, at = time.monotonic(), "", "", 0.0
    for event in events:
        if event.name == "end":
            return event.data
        if event.name != "stage" or event.data["text"] == text:
            continue
        now = time.monotonic() - began
        if event.data["stage"] != stage or event.data["state"] != "running" or now - at >= PLAIN_INTERVAL_S:
            stage, text, at = event.data["stage"], event.data["text"], now
            say(f"  {now:6.1f} s  {stage:<9} {text}")
    return client.get_version(address, version["number"])


def _boxes(client: Client, address: str) -> list[Replica]:
    """Those of the deployment that have not ended."""
    return [box for box in client.get_deployment(address)["running"] if box["state"] not in ENDED]


def _ask(client: Client, address: str, image: list[list[float]]) -> int | ClientError:
    """The digit that the model thinks most probable, or why there was no answer."""
    try:
        probabilities: dict[str, float] = client.predict(address, {"image": image}).output
    except ClientError as e:
        return e
    return int(max(probabilities, key=lambda digit: probabilities[digit]))


def _judge(answers: list[int | ClientError], labels: list[Any]) -> Outcome:
    failed = [answer for answer in answers if isinstance(answer, ClientError)]
    if failed:
        say(f"  {len(failed)} without an answer; the first: {failed[0]}")
    right = sum(answer == label for answer, label in zip(answers, labels, strict=True))
    return Outcome(len(answers) - len(failed), len(answers), right / len(answers))
