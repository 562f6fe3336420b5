"""The guide names every environment variable and every error code of the box."""

import re
from pathlib import Path

from box.running import PACKAGE

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "box.md").read_text()
SOURCE = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))


def test_every_variable_is_in_the_guide():
    variables = set(re.findall(r"\bMODELYARD_[A-Z_]+", SOURCE))
    assert len(variables) > 10
    assert {name for name in variables if f"`{name}`" not in GUIDE} == set()


def test_every_error_code_is_in_the_guide():
    codes = set(re.findall(r'Problem\(\s*\d+,\s*"([a-z-]+)"', SOURCE))
    codes |= set(re.findall(r'"code": "([a-z-]+)"', SOURCE))
    codes |= {code for pair in re.findall(r'code = "([a-z-]+)" if .* else "([a-z-]+)"', SOURCE) for code in pair}
    assert {"queue-full", "prediction-timeout", "out-of-memory", "prediction-failed", "result-too-large"} <= codes
    assert {code for code in codes if f"`{code}`" not in GUIDE} == set()
