"""The program as a whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.apps.cli.exits import CommandError, ExitCode, exit_code_of
from modelyard.apps.cli.output import print_error, size_of
from modelyard_client import ClientError, Missing, NotAllowed, NotSignedIn, Refused, ServerFailed, Unreachable

HEAVY = {"sqlalchemy", "fastapi", "alembic", "dbos", "docker", "obstore", "pygit2", "pydantic", "modelyard.rooms"}


def test_commands_for_people_do_not_import_the_server() -> None:
    code = "import json, sys, modelyard.apps.cli; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Unreachable, ExitCode.UNREACHABLE),
        (NotSignedIn, ExitCode.NOT_SIGNED_IN),
        (Missing, ExitCode.NOT_FOUND),
        (NotAllowed, ExitCode.NOT_ALLOWED),
        (Refused, ExitCode.FAILED),
        (ServerFailed, ExitCode.FAILED),
    ],
)
def test_exit_codes(kind: type[ClientError], code: ExitCode) -> None:
    assert exit_code_of(kind("x", code="x")) is code


def test_exit_codes_are_unique() -> None:
    assert len({code.value for code in ExitCode}) == len(ExitCode.__members__)
    assert CommandError("x").code is ExitCode.FAILED


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("What\nwas wrong.\n", " Do\tthis.")
    print_error("module 'x' is missing", "")
    assert capsys.readouterr().err == "error: What was wrong. Do this.\nerror: module 'x' is missing.\n"


def test_sizes() -> None:
    assert [size_of(n) for n in (0, 999, 1000, 1_500_000, 5 * 10**12)] == ["0 B", "999 B", "1.0 kB", "1.5 MB", "5.0 TB"]


def test_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    script = f'{sys.executable} -m modelyard.apps.cli --help | head -c 1 >/dev/null; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
