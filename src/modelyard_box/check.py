"""The ``check`` command: loads the target as ``serve`` does, calls it with the card's example, and says how it went."""

import importlib
import json
import marshal
import os
import selectors
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from modelyard_box import frames
from modelyard_box.config import Box, ConfigError, check_timeout, load_box
from modelyard_box.errors import Problem
from modelyard_box.serve import add_site
from modelyard_box.spawn import describe_exit, kill_worker, start_worker

_RECEIVE = 1 << 16
_EXAMPLE = "card.example"
_LAST_WORDS_S = 2.0


class CheckFailed(Exception):
    """What the check found. ``found`` are members of the report besides ``ok`` and ``reason``."""

    def __init__(self, reason: str, **found: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = {key: value for key, value in found.items() if value is not None}


def main() -> int:
    """Writes the report (one JSON object) and returns 0 when all is well, else 1."""
    report: dict[str, Any] = {"ok": True, "reason": "", "load_seconds": None, "notes": []}
    try:
        box, timeout = load_box(), check_timeout(os.environ)
        _check(box, timeout, report)
    except CheckFailed as failure:
        report.update(ok=False, reason=failure.reason, **failure.found)
    except ConfigError as error:
        report.update(ok=False, reason=str(error))
    _write(report)
    return 0 if report["ok"] else 1


def _check(box: Box, timeout: float, report: dict[str, Any]) -> None:
    what = "script" if box.operation else "model"
    trial = Trial(timeout, what)
    try:
        _say(f"loading the {what}")
        ready = trial.load()
        report["load_seconds"] = ready["load_seconds"]
        report["notes"] += ready["notes"]
        _say(f"the {what} is loaded ({ready['load_seconds']:.2f} s)")
        if box.operation is not None:  # which has no example: what it is given are files
            return
        if "example" not in box.card:
            report["notes"].append("the card has no example, so the model was loaded but not called")
            return
        _say("calling it with the card's example")
        trial.call(_valid_example(box))
        _say("it answered")
    finally:
        trial.close()


def _valid_example(box: Box) -> dict[str, Any]:
    """The example, when it fits the signature as a request would have to. Raises CheckFailed."""
    add_site()
    inputs = importlib.import_module("modelyard_box.inputs").Inputs(box.signature["inputs"])
    try:
        valid: dict[str, Any] = inputs.from_json(box.card["example"])
    except Problem as problem:
        raise _unfit(problem) from problem
    return valid


def _unfit(problem: Problem) -> CheckFailed:
    errors = problem.more.get("errors") or [{}]
    reason = f"the card's example does not fit the signature: {problem.detail}"
    return CheckFailed(reason, field=f"{_EXAMPLE}{errors[0].get('pointer', '')}")


class Trial:
    """One worker under watch: each step has what is left of the time. ``subject`` is what it loads, in a word."""

    def __init__(self, timeout: float, subject: str) -> None:
        self._subject = subject
        self._timeout = timeout
        self._ends = time.monotonic() + timeout
        self._pid, self._channel = start_worker()
        self._reader = frames.FrameReader()
        self._heard = self._listen()
        self._status: int | None = None

    def load(self) -> dict[str, Any]:
        """What the worker reports once the model is loaded. Raises CheckFailed."""
        kind, payload = self._next(f"while loading the {self._subject}")
        report: dict[str, Any] = marshal.loads(payload)  # noqa: S302 (from our own worker)
        if kind == frames.LOAD_FAILED:
            raise CheckFailed(**report)
        return report

    def call(self, inputs: dict[str, Any]) -> None:
        """Calls the target once and hears its answer to the end. Raises CheckFailed."""
        payload = marshal.dumps([(1, "check", inputs)])
        self._channel.sendall(frames.pack_header(frames.CALLS, 0, len(payload)) + payload)
        kind, payload = self._next("while answering the card's example")
        while kind == frames.ITEM:
            kind, payload = self._next("while answering the card's example")
        ((_, kind, found),) = marshal.loads(payload)  # noqa: S302
        if kind == frames.FAILED:
            reason = f"the card's example is not answered: {found['detail']}"
            raise CheckFailed(reason, type=found.get("type"), traceback=found.get("traceback"), field=_EXAMPLE)
        if kind == frames.INVALID:
            path, detail = found[0]
            place = "/".join(map(str, path))
            raise CheckFailed(f"the card's example does not convert: {place} {detail}", field=f"{_EXAMPLE}/{place}")

    def close(self) -> None:
        """Kills the worker and what it started."""
        kill_worker(self._pid)
        self._wait(_forever)
        self._channel.close()

    def _next(self, when: str) -> tuple[int, bytes]:
        """The next frame, from a worker that is alive and in time. Raises CheckFailed saying ``when`` it was not."""
        for frame in self._heard:
            if frame is not None:
                return frame
            if time.monotonic() > self._ends:
                raise CheckFailed(f"{when}, the code did not come to an end within {self._timeout:g} seconds")
        until = time.monotonic() + _LAST_WORDS_S
        self._wait(lambda: time.monotonic() < until)
        ending = "it closed its connection to the box" if self._status is None else describe_exit(self._status)
        raise CheckFailed(f"{when}, {ending}")

    def _listen(self) -> Iterator[tuple[int, bytes] | None]:
        """Frames as they come, and None now and then; ends when the worker has."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            while True:
                dead = self._has_ended()
                if not selector.select(0 if dead else 0.1):
                    if dead:  # a process that it forked holds the channel open, but will never speak
                        return
                    yield None
                    continue
                data = self._channel.recv(_RECEIVE)
                if not data:
                    return
                for kind, _, payload in self._reader.feed(data):
                    yield kind, payload

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def _wait(self, more: Callable[[], bool]) -> None:
        while not self._has_ended() and more():
            time.sleep(0.01)


def _forever() -> bool:
    return True


def _say(text: str) -> None:
    print(f"check: {text}", flush=True)


def _write(report: dict[str, Any]) -> None:
    text = json.dumps(report)
    path = os.environ.get("MODELYARD_CHECK_RESULT")
    if path:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text + "\n")
    else:
        print(text, flush=True)
    if not report["ok"]:
        print(f"check: failed: {report['reason']}", file=sys.stderr, flush=True)
