"""Experiments: runs grouped, compared, pinned; what one left made a version of a model."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from modelyard_client.answers import Experiment, ExperimentTable, Run, RunCurve, Version
from modelyard_client.errors import Missing
from modelyard_client.transport import Transport


class Experiments:
    """The caller's experiments, as ``Client.experiments``. One is named by its id; errors are ``ClientError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, name: str, *, description: str = "") -> Experiment:
        """Each of an account has a name of its own."""
        return self._transport.json("POST", "/experiments", json={"name": name, "description": description})

    def list_newest(self, *, limit: int | None = None) -> list[Experiment]:
        """Newest first."""
        return list(self._transport.pages("/experiments", limit=limit))

    def find(self, name: str) -> Experiment | None:
        """The one of this name."""
        return next((one for one in self._transport.pages("/experiments") if one["name"] == name), None)

    def get(self, experiment_id: str) -> Experiment:
        return self._transport.json("GET", f"/experiments/{experiment_id}")

    def change(self, experiment_id: str, **changes: Any) -> Experiment:
        """``changes``: name, description, columns (none: all), pinned (the id of a run; None unpins)."""
        return self._transport.json("PATCH", f"/experiments/{experiment_id}", json=changes)

    def delete(self, experiment_id: str) -> None:
        """Its runs stay."""
        self._transport.json("DELETE", f"/experiments/{experiment_id}")

    def put_run(self, experiment_id: str, run_id: str) -> Run:
        """Moves a run into it; a new one gets in by ``experiment_id`` of ``Runs.create``."""
        return self._transport.json("PUT", f"/experiments/{experiment_id}/runs/{run_id}")

    def take_run(self, experiment_id: str, run_id: str) -> Run:
        """Moves a run out of it."""
        return self._transport.json("DELETE", f"/experiments/{experiment_id}/runs/{run_id}")

    def compare(self, experiment_id: str) -> ExperimentTable:
        """Its runs beside each other, the newest first."""
        return self._transport.json("GET", f"/experiments/{experiment_id}/table")

    def read_curves(self, experiment_id: str, metric: str) -> list[RunCurve]:
        """One metric of every run that has it, over its steps."""
        return self._transport.json("GET", f"/experiments/{experiment_id}/curves", params={"metric": metric})

    def promote(self, run_id: str, paths: Sequence[str], model: str, *, message: str = "") -> Version:
        """Makes files that a run of an experiment left the next version of a model, whose build then goes on.

        ``paths``: one file such as ``model.onnx``, or a folder (``model/``) with ``modelyard.yaml`` or ``MLmodel``, or
        the files that make one. Raises ``Missing`` for a run that is in no experiment.
        """
        experiment_id = self._transport.json("GET", f"/runs/{run_id}")["experiment_id"]
        if experiment_id is None:
            raise Missing("The run is in no experiment.", code="not_in_experiment", remedy="Put it into one first.")
        wanted = {"run": run_id, "paths": list(paths), "model": model, "message": message}
        return self._transport.json("POST", f"/experiments/{experiment_id}/promotions", json=wanted, key=str(uuid4()))
