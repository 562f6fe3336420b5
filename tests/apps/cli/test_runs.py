"""Runs with the command line alone, against the real server."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.cli.shell import Shell
from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.parameters import read_inputs, read_parameters
from support import operations, server
from support.waiting import until

FORM: Any = {
    "version": 1,
    "purpose": "operation",
    "inputs": [{"name": "images", "kind": "files", "title": "Images", "description": "", "required": True}],
    "parameters": {
        "type": "object",
        "properties": {
            "angle": {"type": "integer", "default": 90},
            "scale": {"type": "number"},
            "flip": {"type": "boolean"},
            "words": {"type": "array", "items": {"type": "string"}},
            "note": {"type": "string"},
            "depth": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["scale"],
        "additionalProperties": False,
    },
    "resources": {},
}
RANDOM = """
import os, pathlib
pathlib.Path("/out/same.txt").write_text("always")
pathlib.Path("/out/random.bin").write_bytes(os.urandom(20))
"""


@pytest.fixture
def counter(creator: Shell) -> str:
    """An operation of the creator's that counts."""
    return operations.add_operation(server.shared(), creator.variables["MODELYARD_TOKEN"])


@pytest.fixture
def data(creator: Shell) -> Path:
    folder = creator.home / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("12345")
    (folder / "deep" / "b.txt").write_text("123")
    return folder


def test_a_run_is_asked_for_followed_and_fetched(creator: Shell, counter: str, data: Path) -> None:
    creator.ok("upload", data, "--name", "numbers")
    done = creator.run("run", counter, "-p", "steps=2", "--in", "data=numbers@v1", "--out", "got", "--title", "first")
    assert done.returncode == 0, done.stderr
    run = done.stdout.strip()
    assert "line 2 of 2" in done.stderr
    assert "succeeded" in done.stderr
    assert (creator.home / "got" / "sizes.csv").read_text() == "input,bytes\ndata,8\n"

    assert "line 1 of 2" in creator.ok("logs", run)
    assert "line 1 of 2" in creator.ok("logs", "-f", run)
    assert creator.ok("runs", "--repo", counter, "--state", "succeeded").split("\t")[0] == run
    assert creator.ok("runs", "--state", "failed") == ""
    assert [series["points"][-1]["value"] for series in creator.json("metrics", run)] == [0.5]
    assert creator.ok("metrics", run).split("\t")[:4] == ["loss", "0.5", "0.5", "1"]
    listed = {output["path"] for output in creator.json("outputs", run)}
    assert {"sizes.csv", "metrics.jsonl"} <= listed
    creator.ok("outputs", run, "sizes.csv", "--out", "one")
    assert [file.name for file in (creator.home / "one").iterdir()] == ["sizes.csv"]
    creator.fails(4, "outputs", run, "nowhere.csv", "--out", "one")
    creator.fails(2, "outputs", run, "sizes.csv")


def test_files_of_this_machine_and_of_other_runs_are_inputs(creator: Shell, counter: str, data: Path) -> None:
    first = creator.json("run", counter, "--in", f"data={data}", "--wait")
    assert (first["state"], first["inputs"][0]["count"]) == ("succeeded", 2)
    two = ("--in", "data=data/a.txt", "--in", "data=data/deep", "--in", f"table=run:{first['id']}/sizes.csv")
    second = creator.json("run", counter, *two, "--wait")
    assert {one["name"]: one["count"] for one in second["inputs"]} == {"data": 2, "table": 1}
    creator.ok("outputs", second["id"], "-o", "got")
    assert (creator.home / "got" / "sizes.csv").read_text() == "input,bytes\ndata,8\ntable,19\n"


def test_what_does_not_fit_the_form_is_named_before_anything_is_sent(creator: Shell, counter: str, data: Path) -> None:
    shown = creator.ok("run", counter, "--help-form")
    assert "--in data=" in shown
    assert "--param steps=" in shown
    assert "≤ 100000" in shown
    given = ("--in", f"data={data}")
    assert "'stops'" in creator.fails(2, "run", counter, *given, "-p", "stops=2")
    assert "--param steps=INTEGER" in creator.fails(2, "run", counter, *given, "-p", "steps=many")
    assert "'data'" in creator.fails(2, "run", counter)
    assert "no input 'picture'" in creator.fails(2, "run", counter, "--in", "picture=x")
    assert "nowhere" in creator.fails(1, "run", counter, "--in", "data=./nowhere")
    assert "steps" in creator.fails(1, "run", counter, *given, "-p", "steps=0")
    assert creator.ok("runs") == ""


def test_a_failed_run_has_a_code_of_its_own(creator: Shell, counter: str, data: Path) -> None:
    line = creator.fails(7, "run", counter, "-p", "exit=3", "--in", f"data={data}", "--wait", "--attempts", "2")
    assert "modelyard logs" in line
    (run,) = creator.json("runs", "--state", "failed")
    assert (run["exit_code"], run["attempt"]) == (3, 2)


def test_interrupted_waiting_leaves_the_run_which_can_be_cancelled(creator: Shell, counter: str, data: Path) -> None:
    arguments = ("run", counter, "-p", "steps=1000", "-p", "pause=1", "--in", f"data={data}", "--wait")
    waiting = subprocess.Popen(
        [sys.executable, "-m", "modelyard.apps.cli", *arguments],
        env=os.environ | {"HOME": str(creator.home)} | creator.variables,
        cwd=creator.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = until(lambda: creator.ok("runs", "--state", "running").split("\t")[0])
    waiting.send_signal(signal.SIGINT)
    _, told = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert f"modelyard cancel {run}" in told
    assert creator.json("runs")[0]["state"] == "running"
    creator.ok("cancel", run[:13])
    assert "ended: cancelled" in creator.run("logs", "-f", run).stderr
    creator.fails(4, "cancel", "00000000")
    creator.fails(2, "cancel", "nothing")


def test_doing_it_again_says_what_is_identical(creator: Shell, counter: str, data: Path) -> None:
    run = creator.ok("run", counter, "--in", f"data={data}", "--wait").strip()
    said = creator.ok("reproduce", run, "--wait").splitlines()
    assert said[0] != run
    assert "sizes.csv\tidentical" in said
    again = creator.json("reproduce", run, "--wait")
    assert again["comparison"]["identical"]
    assert again["run"]["reproduces"] == run

    token = creator.variables["MODELYARD_TOKEN"]
    random = operations.add_operation(
        server.shared(), token, name="random", program=RANDOM, schema=operations.NO_INPUTS
    )
    run = creator.ok("run", random, "--wait").strip()
    done = creator.run("reproduce", run, "--wait")
    assert done.returncode == 1
    assert {"random.bin\tdifferent", "same.txt\tidentical"} <= set(done.stdout.splitlines())


def test_what_it_may_take_and_where_it_goes_is_asked_for(creator: Shell, counter: str, data: Path) -> None:
    options = ("--memory", "512Mi", "--cpus", "0.5", "--timeout", "2m", "--priority", "3", "--keep-as", "kept")
    run = creator.json("run", f"{counter}@v1", "--in", f"data={data}", *options)
    resources = run["resources"]
    assert (resources["memory_bytes"], resources["cpus"], resources["timeout_seconds"]) == (512 * 1024**2, 0.5, 120)
    assert (run["priority"], run["keep_as"]["dataset"]) == (3, f"{counter.partition('/')[0]}/kept")
    assert "--memory" in creator.fails(2, "run", counter, "--in", f"data={data}", "--memory", "much")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["scale=1.5"], {"scale": 1.5}),
        (["scale=2", "angle=3", "flip=true"], {"scale": 2, "angle": 3, "flip": True}),
        (["scale=1", 'words=["a", "b"]', "note=7"], {"scale": 1, "words": ["a", "b"], "note": "7"}),
        (["scale=1", "depth=null", "note=a=b"], {"scale": 1, "depth": None, "note": "a=b"}),
    ],
)
def test_parameters_are_typed_by_the_form(given: list[str], expected: dict[str, Any]) -> None:
    assert read_parameters(given, FORM) == expected


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["angle=1"], "scale"),
        (["scale=1", "angle=1.5"], "angle"),
        (["scale=1", "angle=true"], "angle"),
        (["scale=wide"], "scale"),
        (["scale=1", "flip=1"], "flip"),
        (["scale=1", "words={}"], "words"),
        (["scale=1", "colour=red"], "colour"),
        (["scale"], "scale"),
    ],
)
def test_what_is_no_value_of_a_parameter_is_named(given: list[str], names: str) -> None:
    with pytest.raises(UsageError, match=names):
        read_parameters(given, FORM)


def test_inputs_that_are_required_are_named() -> None:
    assert read_inputs(["images=a", "images=b"], FORM) == {"images": ["a", "b"]}
    with pytest.raises(UsageError, match="images"):
        read_inputs([], FORM)
