"""The form in which benchmarks say what they measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n{program}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_last_line_is_the_result() -> None:
    program = (
        "import measure as m; m.report('x', {'a': 1.5}, [m.Bar('fast', 2.0, 3.0), m.Bar('small', 2, 3, at_most=True)])"
    )
    last = run(program).stdout.splitlines()[-1]
    assert json.loads(last.removeprefix("RESULT ")) == {
        "benchmark": "x",
        "figures": {"a": 1.5},
        "bars": [
            {"name": "fast", "value": 2.0, "bar": 3.0, "holds": False},
            {"name": "small", "value": 2, "bar": 3, "holds": True},
        ],
    }


def test_jobs_are_done_in_turn() -> None:
    program = (
        "import measure as m; done = []\n"
        "jobs = {name: lambda name=name: done.append(name) for name in 'ab'}\n"
        "medians = m.in_turn(jobs, rounds=2, before={'b': lambda: done.append('-')})\n"
        "print(''.join(done), sorted(medians), min(medians.values()) >= 0)"
    )
    assert run(program).stdout == "a-b-ba ['a', 'b'] True\n"


def test_an_unknown_benchmark_is_named_with_those_there_are() -> None:
    answer = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", "nope"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "No benchmark nope" in answer.stderr


@pytest.mark.parametrize(("body", "code"), [("raise SystemExit(0)", 0), ("raise ValueError", 1)])
def test_a_benchmark_that_breaks_is_a_failure(tmp_path: Path, body: str, code: int) -> None:
    for name in ("run.py", "measure.py"):
        (tmp_path / name).write_text((BENCHMARKS / name).read_text())
    (tmp_path / "one.py").write_text(body)
    answer = subprocess.run([sys.executable, tmp_path / "run.py"], capture_output=True, text=True, check=False)
    assert answer.returncode == code
