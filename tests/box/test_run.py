"""The ``run`` command: what an operation is given, what it leaves, and how it says no."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from box.running import box_command, box_environ, packages, wait_for, write_box
from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.schemas import Target

ANGLE = {"type": "integer", "minimum": 0, "maximum": 360, "default": 90}
FILES, FILE, IMAGE, TABLE = ({"type": "string", "x-modelyard": kind} for kind in ("files", "file", "image", "table"))


class Given:
    """A box with an operation, and the folders of a run. The inputs are what the platform reads from the source."""

    def __init__(self, folder: Path, source: str) -> None:
        self.place, self.out = folder / "in", folder / "out"
        self.place.mkdir()
        self.out.mkdir()
        self.config = write_box(folder, source, inputs={}, function="work", site=packages())
        signature = signatures.read_operation(folder / "src", Target("m", "work"))
        document = json.loads(self.config.read_text())
        document |= {"operation": "operation", "signature": signature.to_json()}
        self.config.write_text(json.dumps(document))

    def put(self, name: str, file: str, content: bytes = b"") -> Path:
        path = self.place / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def start(self, params: Any = None, inputs: Any = None) -> "subprocess.Popen[str]":
        if params is not None:
            (self.place / "params.json").write_text(json.dumps(params))
        if inputs is not None:
            (self.place / "inputs.json").write_text(json.dumps(inputs))
        places = {"MODELYARD_IN": str(self.place), "MODELYARD_OUT": str(self.out)}
        return subprocess.Popen(
            box_command("run"),
            env=box_environ(self.config, **places),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, params: Any = None, inputs: Any = None) -> tuple[int, str, str]:
        """Exit status, standard output and error."""
        process = self.start(params, inputs)
        said, complained = process.communicate(timeout=120)
        return process.returncode, said, complained

    @property
    def result(self) -> Any:
        return json.loads((self.out / "result.json").read_text())


def test_inputs_parameters_and_output_arrive_as_annotated(tmp_path: Path) -> None:
    source = """
        from pathlib import Path
        from PIL import Image
        from pydantic import DirectoryPath, FilePath
        import pandas as pd

        def work(
            images: Path, folder: DirectoryPath, one: FilePath, raw: bytes, picture: Image.Image, table: pd.DataFrame,
            several: list[Image.Image], output: Path, *, mask: Path | None = None, angle: int = 90,
        ) -> dict:
            (output / "made.txt").write_text("x")
            return {
                "images": sorted(p.name for p in images.iterdir()), "folder": folder.is_dir(), "one": one.name,
                "raw": len(raw), "picture": picture.size, "rows": len(table), "columns": list(table),
                "several": [image.size for image in several], "mask": mask, "angle": angle,
            }
    """
    given = Given(tmp_path, source)
    Image.new("L", (3, 2)).save(given.put("picture", "p.png"))
    Image.new("L", (5, 4)).save(given.put("several", "b.png"))
    Image.new("L", (1, 4)).save(given.put("several", "a/a.png"))
    pd.DataFrame({"a": [1, 2]}).to_csv(given.put("table", "t.csv"), index=False)
    given.put("images", "x.png")
    given.put("folder", "y")
    given.put("one", "z.bin")
    given.put("raw", "r.bin", b"1234")
    status, _, complaint = given.run({"angle": 5.0})
    assert status == 0, complaint
    assert given.result == {
        "images": ["x.png"], "folder": True, "one": "z.bin", "raw": 4, "picture": [3, 2], "rows": 2, "columns": ["a"],
        "several": [[1, 4], [5, 4]], "mask": None, "angle": 5,
    }  # fmt: skip
    assert (given.out / "made.txt").read_text() == "x"


def test_inputs_json_says_where_inputs_are(tmp_path: Path) -> None:
    source = """
        from pathlib import Path
        from pydantic import FilePath

        def work(one: FilePath, out: str) -> dict:
            return {"one": one.read_text(), "out": isinstance(out, str)}
    """
    given = Given(tmp_path, source)
    given.put("one", "b", b"b")
    given.put("one", "a", b"a")
    assert "is one file, but" in given.run()[2]
    assert given.run(inputs={"one": "/in/one/b"})[0] == 0
    assert given.result == {"one": "b", "out": True}
    assert given.run(inputs={"one": "/in/one/c"})[::2] == (2, f"run: input 'one': there is no {given.place}/one/c\n")
    assert "'two' is not an input; there are one" in given.run(inputs={"two": "/in/one/b"})[2]


SIMPLE = """
    from typing import Annotated, Literal
    from pydantic import Field

    def work(
        *, angle: Annotated[int, Field(ge=0, le=360)] = 90, mode: Literal["a", "b"] = "a", seen: list[float] = []
    ) -> dict:
        return {"angle": angle, "mode": mode, "seen": seen}
"""


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"angle": 400}, "run: input 'angle': 400 is greater than the maximum of 360"),
        ({"angle": "x"}, 'run: input \'angle\': "x" is not of type "integer"'),
        ({"mode": "c"}, "run: input 'mode': \"c\" is not one of"),
        ({"angel": 1}, "run: input 'angel' is not an input"),
        ([], "params.json is not a JSON object"),
    ],
)
def test_parameters_that_do_not_fit_are_named(tmp_path: Path, params: Any, said: str) -> None:
    given = Given(tmp_path, SIMPLE)
    status, _, complaint = given.run(params)
    assert (status, said in complaint) == (2, True), complaint
    assert list(given.out.iterdir()) == []


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    given = Given(tmp_path, SIMPLE)
    (given.place / "params.json").write_text("{")
    assert "cannot be read as JSON" in given.run()[2]
    (given.place / "params.json").unlink()
    assert given.run()[0] == 0
    assert given.result == {"angle": 90, "mode": "a", "seen": []}


def test_a_trainer_yields_metrics_and_returns_a_result(tmp_path: Path) -> None:
    source = """
        from collections.abc import Iterator

        def work(epochs: int = 3) -> Iterator[dict]:
            for step in range(epochs):
                yield {"step": step, "loss": 1 / (step + 1) if step else float("nan")}
            return {"epochs": epochs}
    """
    given = Given(tmp_path, source)
    status, _, complaint = given.run({"epochs": 3})
    lines = (given.out / "metrics.jsonl").read_text().splitlines()
    assert status == 0, complaint
    assert [json.loads(line) for line in lines] == [{"step": 0}, {"step": 1, "loss": 0.5}, {"step": 2, "loss": 1 / 3}]
    assert given.result == {"epochs": 3}
    assert "the metric 'loss' is not finite" in complaint


def test_metrics_are_there_while_it_runs_and_term_ends_it(tmp_path: Path) -> None:
    source = """
        import time
        from pathlib import Path

        def work(output: Path):
            try:
                print("progress: 0.5 half", end="\\n")
                yield {"loss": 1}
                time.sleep(600)
            finally:
                (output / "cleaned").touch()
    """
    given = Given(tmp_path, source)
    process = given.start()
    metrics = given.out / "metrics.jsonl"
    wait_for(lambda: metrics.exists() and metrics.read_text() == '{"loss": 1}\n')
    assert process.stdout is not None
    assert process.stdout.readline() == "progress: 0.5 half\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert (given.out / "cleaned").exists()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("raise ValueError('no such angle')", 1, "run: failed: ValueError: no such angle"),
        ("import nowhere_at_all", 1, "run: failed: module 'nowhere_at_all' is missing"),
        ("import sys; sys.exit(7)", 7, ""),
        ("return {'a': object()}", 1, "value of type object at /a"),
        ("return [1]", 0, "the list that was returned is not kept"),
        ("return Path('/out')", 0, ""),
        ("return None", 0, ""),
        ("yield 1", 1, "yield dicts of numbers"),
        ("yield {'a': 'x'}", 1, "the metric 'a' is not a number"),
    ],
)
def test_how_it_ends_is_the_verdict(tmp_path: Path, body: str, status: int, said: str) -> None:
    given = Given(tmp_path, f"from pathlib import Path\n\ndef work(n: int = 1):\n    {body}\n")
    ended, _, complaint = given.run()
    assert (ended, said in complaint) == (status, True), complaint
    assert not (given.out / "result.json").exists()


def test_a_traceback_shows_the_users_code_alone(tmp_path: Path) -> None:
    given = Given(tmp_path, "def work():\n    raise KeyError('k')\n")
    complaint = given.run()[2]
    assert 'm.py", line 2, in work' in complaint
    assert "modelyard_box" not in complaint


def test_async_functions_and_dataclasses(tmp_path: Path) -> None:
    source = """
        from dataclasses import dataclass

        @dataclass
        class Options:
            deep: int = 1

        async def work(options: Options) -> dict:
            return {"deep": options.deep}
    """
    given = Given(tmp_path, source)
    assert given.run({"options": {"deep": 4}})[0] == 0
    assert given.result == {"deep": 4}


@pytest.mark.parametrize(
    ("annotation", "content", "said"),
    [
        ("Image.Image", b"x", "'given' is not an image that Pillow can read"),
        ("pd.DataFrame", b"x", "'given' is g.bin, which is no table"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, annotation: str, content: bytes, said: str) -> None:
    source = f"from PIL import Image\nimport pandas as pd\n\ndef work(given: {annotation}):\n    ...\n"
    given = Given(tmp_path, source)
    given.put("given", "g.bin", content)
    status, _, complaint = given.run()
    assert (status, said in complaint) == (2, True), complaint


def test_the_user_sees_none_of_our_packages(tmp_path: Path) -> None:
    source = """
        import sys

        def work() -> dict:
            return {"path": sys.path, "ours": sorted(n for n in sys.modules if n in ("jsonschema_rs", "uvloop"))}
    """
    given = Given(tmp_path, source)
    assert given.run()[0] == 0
    assert given.result["ours"] == []
    assert given.result["path"][0] == str(tmp_path / "src")
