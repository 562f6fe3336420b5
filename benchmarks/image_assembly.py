"""Image assembly against ``docker build`` of the obvious Dockerfile, and the base against ``debootstrap``.

Both make the image of the same scikit-learn model, on the same machine, from the same package index, with the base
image present. Needs root (a private Docker engine, debootstrap), Debian, and the package registries.
"""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from measure import Bar, in_turn, private_services, report
from modelyard.rooms.images import service
from modelyard.rooms.images.bases import interpreter_for
from modelyard.rooms.images.schemas import AssemblyRequest
from modelyard.rooms.images.supplies import Supplies
from support import dockerd, registry
from support.programs import need
from support.supplies import new_supplies, supplies_with_base

REQUIREMENTS = ["scikit-learn==1.7.2", "numpy==2.3.4", "scipy==1.16.2", "joblib==1.5.2", "threadpoolctl==3.6.0"]
KNOWN = ["six==1.17.0", "click==8.1.8", "markupsafe==3.0.2", "iniconfig==2.1.0", "tabulate==0.9.0"]
DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python3", "serve.py"]
"""
Times = dict[str, float]
MODEL = "def predict(model, rows: list[list[float]]) -> list[int]:\n    return model.predict(rows).tolist()\n"


class Ours:
    """The assembler, with a store and caches under ``folder`` that know the base and nothing else."""

    def __init__(self, folder: Path, source: Path, known_base: Supplies) -> None:
        self._folder, self._source, self._known_base = folder, source, known_base
        self.forget()

    def forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.supplies = supplies_with_base(self._folder, self._known_base)
        base = service.ensure_base("3.11", "linux/amd64", supplies=self.supplies)
        interpreter_for(base, supplies=self.supplies)  # where bases are made, theirs lies ready

    def build(self, requirements: list[str]) -> Any:
        request = AssemblyRequest(
            source=self._source,
            target={"module": "m", "class": None, "function": "predict"},
            signature={"inputs": {}, "output": {}},
            requirements="\n".join(requirements),
        )
        return service.assemble(request, supplies=self.supplies)


class Docker:
    """The Docker engine of this run, with a base image like ``python:3.11-slim`` made of Debian's packages."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._command = folder, [need("docker", package="docker.io"), "--host", dockerd.url()]
        self.image = f"{registry.address()}/bench/model"
        folder.mkdir()
        (folder / "Dockerfile").write_text(DOCKERFILE)
        (folder / "m.py").write_text(MODEL)

    def make_base(self, tree: Path) -> None:
        """Imports a tree that ``debootstrap`` made with pip, as the base of the Dockerfile."""
        authorities = tree / "etc/ssl/certs/ca-certificates.crt"
        authorities.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", authorities)
        settings = f"[global]\nbreak-system-packages = true\ncert = /{authorities.relative_to(tree)}\n"
        (tree / "etc/pip.conf").write_text(settings)
        archive = subprocess.Popen(["tar", "-C", str(tree), "-c", "."], stdout=subprocess.PIPE)
        load = [*self._command, "import", "-", "python:3.11-slim"]
        subprocess.run(load, stdin=archive.stdout, check=True, capture_output=True)
        assert archive.wait() == 0

    def build(self, requirements: list[str], *, cached: bool) -> None:
        (self._folder / "requirements.txt").write_text("\n".join(requirements))
        options = ["--network", "host", "-t", self.image, *([] if cached else ["--no-cache"])]
        self._run("build", *options, str(self._folder))

    def push(self) -> None:
        self._run("push", self.image)

    def change_code(self, text: str) -> None:
        (self._folder / "m.py").write_text(text)

    def _run(self, *arguments: str) -> None:
        environment = {"DOCKER_BUILDKIT": "0", "HOME": str(self._folder)}
        command = [*self._command, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def main() -> None:
    with private_services() as scratch:
        source = scratch / "source"
        source.mkdir()
        (source / "m.py").write_text(MODEL)
        known_base = new_supplies(scratch / "base")
        bases = measure_bases(scratch, known_base)
        docker = Docker(scratch / "docker")
        docker.make_base(scratch / "tree")
        ours = Ours(scratch / "ours", source, known_base)
        cold = measure_cold(ours, docker)
        combination = measure_combinations(ours, docker)
        change = measure_changes(ours, docker, source)
    show(bases, cold, combination, change)


def measure_bases(scratch: Path, known_base: Supplies) -> Times:
    """A base from nothing: package lists, packages, layer. Leaves a tree with pip for Docker's base."""
    debootstrap = [need("debootstrap", package="debootstrap"), "--variant=minbase"]
    mirror = known_base.packages.mirrors.archive  # type: ignore[union-attr]
    fresh = itertools.count()

    def reference() -> None:
        tree = scratch / f"minbase{next(fresh)}"
        subprocess.run([*debootstrap, "bookworm", str(tree), mirror], check=True, capture_output=True)
        shutil.rmtree(tree)

    def us() -> None:
        supplies = new_supplies(scratch / f"fresh{next(fresh)}")
        service.ensure_base("3.11", "linux/amd64", supplies=supplies)

    say("base, from nothing")
    times = in_turn({"ours": us, "debootstrap": reference}, rounds=3)
    with_pip = "--include=python3,python3-pip,ca-certificates"
    subprocess.run([*debootstrap, with_pip, "bookworm", str(scratch / "tree"), mirror], check=True, capture_output=True)
    (scratch / "tree/usr/bin/python").symlink_to("python3")
    return times


def measure_cold(ours: Ours, docker: Docker) -> Times:
    """Nothing known but the base: every wheel is fetched and unpacked."""
    say("cold package cache")
    return in_turn(
        {"ours": lambda: ours.build(REQUIREMENTS), "docker": lambda: docker.build(REQUIREMENTS, cached=False)},
        before={"ours": ours.forget},
        rounds=3,
    )


def measure_combinations(ours: Ours, docker: Docker) -> Times:
    """Other sets of packages that each was met before."""
    say("new combinations")
    ours.build([*REQUIREMENTS, *KNOWN])
    sets = [[*REQUIREMENTS, *some] for some in itertools.combinations(KNOWN, 2)]
    for_us, for_docker = iter(sets), iter(sets)
    return in_turn(
        {"ours": lambda: ours.build(next(for_us)), "docker": lambda: docker.build(next(for_docker), cached=True)},
        rounds=3,
    )


def measure_changes(ours: Ours, docker: Docker, source: Path) -> Times:
    """The same packages and another line of code; Docker's result is pushed to a registry, ours lies in one."""
    say("code changes")
    number = itertools.count()
    ours.build(REQUIREMENTS)
    docker.build(REQUIREMENTS, cached=True)
    docker.push()

    def us() -> None:
        (source / "m.py").write_text(f"{MODEL}# {next(number)}\n")
        ours.build(REQUIREMENTS)

    def reference() -> None:
        docker.change_code(f"{MODEL}# {next(number)}\n")
        docker.build(REQUIREMENTS, cached=True)
        docker.push()

    return in_turn({"ours": us, "docker": reference}, rounds=5)


def say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def show(
    bases: dict[str, float], cold: dict[str, float], combination: dict[str, float], change: dict[str, float]
) -> None:
    figures = {
        "base: ours, s": bases["ours"],
        "base: debootstrap --variant=minbase, s": bases["debootstrap"],
        "cold package cache: ours, s": cold["ours"],
        "cold package cache: docker build, s": cold["docker"],
        "new combination of known packages: ours, s": combination["ours"],
        "new combination of known packages: docker build, s": combination["docker"],
        "code change: ours, s": change["ours"],
        "code change: docker build and push, s": change["docker"],
    }
    bars = [
        Bar("base, times faster than debootstrap", bases["debootstrap"] / bases["ours"], 5),
        Bar("cold, times faster than docker build", cold["docker"] / cold["ours"], 3),
        Bar("new combination, times faster than docker build", combination["docker"] / combination["ours"], 20),
        Bar("code change, times faster than docker build and push", change["docker"] / change["ours"], 1),
    ]
    report("image_assembly", figures, bars)


if __name__ == "__main__":
    main()
