"""Load by `wrk`, with figures as exact as it has them."""

import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw; times in milliseconds."""

    median: float
    p99: float
    rate: float
    errors: int


def require_wrk() -> None:
    """Ends the benchmark with the command that installs wrk, where there is none."""
    if not shutil.which("wrk"):
        sys.exit("There is no wrk: apt-get install wrk")


def run_wrk(url: str, connections: int, script: Path, *, seconds: int) -> Load:
    """One run with one thread; answers other than 2xx and 3xx count as errors."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), url]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or done.stdout
    output = done.stdout
    found = re.search(r"^FIGURES (.*)$", output, re.MULTILINE)
    assert found, output
    median, p99, rate, errors = json.loads(found[1])
    return Load(median, p99, rate, errors)


def median_load(loads: Sequence[Load]) -> Load:
    """The medians of several runs, and the sum of their errors."""
    return Load(
        median=statistics.median(load.median for load in loads),
        p99=statistics.median(load.p99 for load in loads),
        rate=statistics.median(load.rate for load in loads),
        errors=sum(load.errors for load in loads),
    )


def write_script(file: Path, body: str, headers: Mapping[str, str]) -> Path:
    """A script that posts ``body``. wrk's own figures are rounded for reading; the script prints them exactly."""
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    file.write_text(
        f"""wrk.method = "POST"
wrk.body = '{body}'
{lines}
done = function(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("FIGURES [%f, %f, %f, %d]\\n", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests / (summary.duration / 1e6), errors))
end
"""
    )
    return file
