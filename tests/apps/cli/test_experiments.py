"""Experiments with the command line alone, against the real server."""

import pytest

from apps.cli.shell import Shell
from support import server, trainer


@pytest.fixture
def address(creator: Shell) -> str:
    """An operation of the creator's that trains."""
    return trainer.add_trainer(server.shared(), creator.variables["MODELYARD_TOKEN"])


def test_runs_are_compared_and_one_becomes_a_version(creator: Shell, address: str) -> None:
    made = creator.ok("experiments", "create", "rates", "--description", "How fast?").strip()
    assert [(one["id"], one["description"]) for one in creator.json("experiments")] == [(made, "How fast?")]
    runs = [
        creator.json("run", address, "-p", f"rate={rate}", "--title", f"rate {rate}", "--experiment", name, "--wait")
        for rate, name in ((2, "rates"), (0.5, made))
    ]
    assert {run["experiment_id"] for run in runs} == {made}
    assert creator.ok("experiments").split("\t")[:3] == [made, "rates", "2"]

    rows = [line.split("\t") for line in creator.ok("experiments", "show", "rates").splitlines()]
    assert [row[1:] for row in rows] == [
        ["succeeded", "rate 0.5", "0.5", "3", "0.166667"],
        ["succeeded", "rate 2", "2", "3", "0.666667"],
    ]
    table = creator.json("experiments", "show", made)
    assert table["columns"] == ["parameters.rate", "parameters.steps", "metrics.loss"]
    assert table["experiment"]["name"] == "rates"

    where = creator.ok("experiments", "promote", runs[1]["id"], "model/", "rates-model", "-m", "the best")
    assert where.strip().endswith("/rates-model/versions/1")
    assert "predict" in creator.ok("show", "rates-model:v1")

    assert "Its runs stay" in creator.run("experiments", "delete", "rates").stderr
    assert creator.ok("experiments") == ""
    assert len(creator.json("runs")) == len(runs)


def test_what_does_not_fit_is_told(creator: Shell, address: str) -> None:
    assert "'nothing'" in creator.fails(4, "run", address, "--experiment", "nothing")
    assert creator.ok("runs") == ""  # nothing was asked for
    assert "experiments create" in creator.fails(4, "experiments", "show", "nothing")
    creator.ok("experiments", "create", "taken")
    assert "already" in creator.fails(1, "experiments", "create", "taken")
    run = creator.json("run", address, "--wait")
    assert "in no experiment" in creator.fails(4, "experiments", "promote", run["id"], "model/", "x")
    inside = creator.json("run", address, "--experiment", "taken", "--wait")
    assert "nowhere" in creator.fails(1, "experiments", "promote", inside["id"], "nowhere", "x")
