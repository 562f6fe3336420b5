"""The box against other model servers and plain FastAPI: same model, same client, same cores, in turn in one run.

A JSON row in, its label out, with `wrk` at 1, 16 and 64 connections. The box keeps its records for the platform, as
when it is deployed; batches are as `batch: true` in modelyard.yaml makes them, the peers as their documentation has
them. Then: cold start to the first answer, and idle memory against a bare Python process that has the model loaded.
`BOX_PEERS` names the peers to measure, of those in contenders.py; all by default.
"""

import contextlib
import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import contenders
from measure import Bar, in_turn, private_services, report
from wrk import Load, median_load, require_wrk, run_wrk, write_script

CONNECTIONS = (1, 16, 64)
ROUNDS = 3
SECONDS = 3
COLD_ROUNDS = 3
MODELS = ("logistic", "forest")
PLAIN = "FastAPI"
HOLD = "import joblib, sys; m = joblib.load(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
Found = dict[tuple[str, int], Load]


def main() -> None:
    require_wrk()
    wanted = [name for name in contenders.CONTENDERS if not name.startswith("box")]
    wanted = os.environ["BOX_PEERS"].split(",") if os.environ.get("BOX_PEERS") else wanted
    for name in ("box", "box, ONNX", *wanted):
        contenders.environment(name)
    with private_services() as scratch:
        models = contenders.train(scratch / "models")
        found = {model: _measure(("box", "box, ONNX", *wanted), models[model], scratch / model) for model in MODELS}
        cold = _cold_starts(models["logistic"], scratch / "cold")
        memory = _memory(models["logistic"], scratch / "memory")
    figures = {
        f"{model}, {name} {count}: {unit}": getattr(load, field)
        for model, loads in found.items()
        for (name, count), load in loads.items()
        for unit, field in (("requests/s", "rate"), ("p99 ms", "p99"))
    }
    figures |= {f"cold start, {name}, s": seconds for name, seconds in cold.items()}
    figures |= {f"idle memory, {name}, MB": size for name, size in memory.items()}
    bars = [bar for model in MODELS for bar in _bars(model, found[model], wanted)]
    bars.append(Bar("cold start / FastAPI's", cold["box"] / cold[PLAIN], 1, at_most=True))
    bars.append(Bar("idle memory / bare Python's", memory["box"] / memory["bare Python"], 1.3, at_most=True))
    report("box", figures, bars)


def _bars(model: str, found: Found, peers: list[str]) -> Iterator[Bar]:
    def rate(name: str, count: int) -> float:
        return found[name, count].rate

    def best(count: int) -> float:
        return max(rate(peer, count) for peer in peers)

    if PLAIN in peers:
        yield Bar(f"{model}, 1: times plain FastAPI", rate("box", 1) / rate(PLAIN, 1), 1)
    if servers := [peer for peer in peers if peer != PLAIN]:
        yield Bar(f"{model}, 1: times the best server", rate("box", 1) / max(rate(s, 1) for s in servers), 1.3)
    yield Bar(f"{model}, 16: times the best peer", rate("box", 16) / best(16), 6)
    yield Bar(f"{model}, 64: times the best peer", rate("box", 64) / best(64), 12)
    yield Bar(f"{model}, ONNX, 16: times the best peer", rate("box, ONNX", 16) / best(16), 4)
    for count in CONNECTIONS:
        least = min(found[peer, count].p99 for peer in peers)
        yield Bar(f"{model}, {count}: p99 / the best peer's", found["box", count].p99 / least, 1, at_most=True)
    errors = sum(load.errors for (name, _), load in found.items() if name.startswith("box"))
    yield Bar(f"{model}: errors of the box", errors, 0, at_most=True)


def _measure(names: tuple[str, ...], model: Path, scratch: Path) -> Found:
    """Medians over rounds in which each has its turn; all of them stand, and only one is asked at a time."""
    loads: dict[tuple[str, int], list[Load]] = {}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(contenders.running(name, model, scratch / name)) for name in names}
        scripts = {name: write_script(scratch / name / "ask.lua", _body(name), _JSON) for name in names}
        for name, server in servers.items():
            run_wrk(server.url, 16, scripts[name], seconds=2)  # warm
        for number in range(ROUNDS):
            turn = number % len(names)
            for count in CONNECTIONS:
                for name in names[turn:] + names[:turn]:
                    load = run_wrk(servers[name].url, count, scripts[name], seconds=SECONDS)
                    loads.setdefault((name, count), []).append(load)
    return {key: median_load(found) for key, found in loads.items()}


def _body(name: str) -> str:
    return json.dumps(contenders.CONTENDERS[name].body)


_JSON = {"Content-Type": "application/json"}


def _cold_starts(model: Path, scratch: Path) -> dict[str, float]:
    """Seconds from starting the command to the first right answer."""

    def start(name: str) -> None:
        with contenders.running(name, model, scratch / name):
            pass

    return in_turn({name: (lambda name=name: start(name)) for name in ("box", PLAIN)}, rounds=COLD_ROUNDS)


def _memory(model: Path, scratch: Path) -> dict[str, float]:
    """Megabytes (proportional set size) of the idle box, all its processes together, and of bare Python."""
    python = contenders.environment("box") / "bin" / "python"
    with contenders.running("box", model, scratch / "box") as server:
        box = statistics.fsum(_pss(pid) for pid in _family(server.process.pid))
    with subprocess.Popen([python, "-c", HOLD, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout
        bare.stdout.readline()
        alone = _pss(bare.pid)
        bare.communicate()
    return {"box": box, "bare Python": alone}


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


if __name__ == "__main__":
    main()
