"""Runs: asking for them, following them, and fetching what they left."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

from modelyard_client import events
from modelyard_client.answers import Comparison, Form, MetricSeries, Output, Run, RunSummary, Version
from modelyard_client.datasets import Progress, fetch_listed, safe_target
from modelyard_client.errors import Missing
from modelyard_client.events import Event
from modelyard_client.inputs import Send, Source, read_source, sender
from modelyard_client.transport import API, Transport

ENDED = frozenset({"succeeded", "failed", "cancelled"})

ShowFetch = Callable[[Output], AbstractContextManager[Progress | None]]
"""Called for each file that is fetched; gives what is told of the bytes."""


class Runs:
    """The runs of one server, as ``Client.runs``. A run is named by its id; errors are ``ClientError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # asking for them

    def find_form(self, address: str, version: int | None = None) -> Form:
        """What a version's runs are asked for with; None: the newest that takes runs of the caller."""
        number = version or self._newest(address)
        return self._transport.json("GET", f"/repos/{address}/versions/{number}/form")

    def create(
        self,
        address: str,
        *,
        version: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Source] | None = None,
        send: Send | None = None,
        **options: Any,
    ) -> Run:
        """Queues a run. Files of this machine are sent first, by ``send`` where it is given.

        ``options`` are those of the API: resources, priority, max_attempts, labels, title, experiment_id, keep_as.
        """
        send = send or sender(self._transport)
        wanted = {
            "version": version,
            "parameters": dict(parameters or {}),
            "inputs": {name: read_source(source, send) for name, source in (inputs or {}).items()},
            **{name: value for name, value in options.items() if value is not None},
        }
        return self._transport.json("POST", f"/repos/{address}/runs", json=wanted, key=str(uuid4()))

    def read_order(self, run_id: str) -> dict[str, Any]:
        """What a run was asked for with, to ask for it again."""
        return self._transport.json("GET", f"/runs/{run_id}/order")

    def reproduce(self, run_id: str) -> Run:
        """Does a run again: the same image, inputs and parameters."""
        return self._transport.json("POST", f"/runs/{run_id}/reproduce", key=str(uuid4()))

    # looking after them

    def get(self, run_id: str) -> Run:
        return self._transport.json("GET", f"/runs/{run_id}")

    def list_newest(
        self,
        *,
        repository: str | None = None,
        states: Sequence[str] = (),
        everybody: bool = False,
        limit: int | None = None,
    ) -> list[RunSummary]:
        """The caller's, newest first: all, or those of one repository. ``everybody``: all accounts', for
        administrators, with ``repository`` of one repository."""
        path = "/all-runs" if everybody else f"/repos/{repository}/runs" if repository else "/runs"
        asked = {"state": list(states), **({"repository": repository} if everybody and repository else {})}
        return list(self._transport.pages(path, asked, limit=limit))

    def cancel(self, run_id: str) -> Run:
        """Asks for its end; one that has ended stays as it is."""
        return self._transport.json("POST", f"/runs/{run_id}/cancel", key=str(uuid4()))

    def delete(self, run_id: str) -> None:
        """Forgets a run that has ended, with its log and outputs."""
        self._transport.json("DELETE", f"/runs/{run_id}")

    def follow(self, run_id: str) -> Iterator[Event]:
        """Events ``run``, ``log`` and ``metrics`` as they happen, then ``end`` with the run. Survives broken
        connections."""
        return events.follow(self._transport, f"{API}/runs/{run_id}/events")

    def wait(self, run_id: str) -> Run:
        """The run once it has ended."""
        for event in self.follow(run_id):
            if event.name == "end":
                return event.data
        raise AssertionError("it is followed to its end")

    # what they left

    def read_log(self, run_id: str) -> str:
        """The log so far."""
        return self._transport.text(f"/runs/{run_id}/log")

    def read_metrics(self, run_id: str) -> list[MetricSeries]:
        return self._transport.json("GET", f"/runs/{run_id}/metrics")

    def list_outputs(self, run_id: str) -> list[Output]:
        """The files that it left, by path."""
        return list(self._transport.pages(f"/runs/{run_id}/outputs"))

    def download(
        self, run_id: str, folder: Path, *, paths: Sequence[str] = (), show: ShowFetch | None = None
    ) -> list[Path]:
        """Fetches outputs into ``folder``: all, or those named (``charts/``: all below). Continues what broke off;
        a file that is there already, whole, is left alone. Raises ``Missing`` for a path that it did not leave."""
        chosen = _chosen(self.list_outputs(run_id), paths)
        targets = [(entry, safe_target(folder, entry["path"])) for entry in chosen]
        for entry, target in targets:
            with show(entry) if show else nullcontext(None) as progress:
                at = f"{API}/runs/{run_id}/outputs"
                fetch_listed(self._transport, at, entry, target, progress=progress or (lambda _done, _size: None))
        return [target for _, target in targets]

    def compare(self, run_id: str) -> Comparison:
        """Which outputs of a run that did another again are byte-identical."""
        return self._transport.json("GET", f"/runs/{run_id}/comparison")

    def _newest(self, address: str) -> int:
        may_write = self._transport.json("GET", f"/repos/{address}")["can_write"]
        for version in self._transport.pages(f"/repos/{address}/versions"):
            if version["state"] == "ready" and (may_write or _published(version)):
                return int(version["number"])
        raise Missing(
            f"{address} has no version that is ready.", code="version_not_ready", remedy="Push one, or wait for it."
        )


def _published(version: Version) -> bool:
    operation = version["operation"]
    return operation is None or operation["published"]


def _chosen(outputs: list[Output], paths: Sequence[str]) -> list[Output]:
    for path in paths:
        if not any(_is_named(entry, path) for entry in outputs):
            raise Missing(f"The run left no {path}.", code="output_missing", remedy="Look at its outputs.")
    return [entry for entry in outputs if not paths or any(_is_named(entry, path) for path in paths)]


def _is_named(entry: Output, path: str) -> bool:
    return entry["path"].startswith(path) if path.endswith("/") else entry["path"] == path
