"""Pushes by the tools that people use: what they push becomes a version, and comes back the same."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import uv

from rooms.versions.tiny import Author, author
from support import images, session
from support.images import MadeImage, layer, skopeo
from support.podman import podman
from support.programs import need
from support.server import Server

SCHEMA = {
    "type": "object",
    "properties": {"angle": {"type": "integer", "default": 90}, "images": {"x-modelyard": "files"}},
}
LABELS = {
    "io.modelyard.schema": json.dumps(SCHEMA),
    "org.opencontainers.image.title": "Rotate",
    "org.opencontainers.image.description": "Turns images.",
    "org.opencontainers.image.authors": "Ada",
    "org.opencontainers.image.licenses": "MIT",
}


def registry(me: Author) -> str:
    return me.server.url.removeprefix("http://")


def rotate(**running: object) -> MadeImage:
    return images.image(layer({"bin/": None, "bin/true": "#!"}), Labels=LABELS, **running)


def skopeo_push(me: Author, made: MadeImage, folder: Path, to: str) -> None:
    layout = images.write_layout(made, folder)
    options = [
        "copy",
        "--all",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"--dest-creds={me.username}:{me.password}",
    ]
    done = skopeo(*options, f"oci:{layout}", f"docker://{registry(me)}/{to}", home=me.folder)
    assert done.returncode == 0, done.stderr


def test_skopeo_pushes_an_image_that_becomes_a_version(site: Server, tmp_path: Path) -> None:
    me = author(site, tmp_path)
    address = f"{me.username}/rotate"
    me.name = "rotate"
    made = rotate()
    skopeo_push(me, made, tmp_path / "layout", f"{address}:latest")
    ready = me.ready({"number": 1})
    assert ready["image"]["digest"] == made.digest
    assert ready["operation"] == {
        "kind": "operation",
        "origin": "image",
        "options": False,
        "published": True,
        "outdated": False,
    }
    assert ready["signature"]["inputs"]["properties"] == SCHEMA["properties"]
    assert (ready["card"]["title"], ready["card"]["license"]) == ("Rotate", "MIT")
    assert [stage["name"] for stage in ready["stages"]] == ["import", "check", "publish"]
    found = site.client(me.token).get(f"/api/v1/repos/{address}").json()
    assert (found["kind"], found["visibility"], found["title"]) == ("operation", "private", "Rotate")


def test_skopeo_copies_every_platform_and_the_same_bytes_back(site: Server, tmp_path: Path) -> None:
    me = author(site, tmp_path)
    me.name = "both"
    made = images.index(rotate(), images.image(layer({"x": "arm"}), architecture="arm64"))
    skopeo_push(me, made, tmp_path / "layout", f"{me.address}:latest")
    assert me.ready({"number": 1})["platforms"] == ["linux/amd64", "linux/arm64"]
    options = ["copy", "--all", "--preserve-digests", "--src-tls-verify=false", f"--src-creds={me.username}:{me.token}"]
    back = tmp_path / "back"
    done = skopeo(*options, f"docker://{registry(me)}/{me.address}:v1", f"oci:{back}:v1", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((back / "index.json").read_text())["manifests"][0]["digest"] == made.digest


def test_docker_pushes_and_pulls(site: Server, tmp_path: Path, docker_url: str) -> None:
    me = author(site, tmp_path)
    me.name = "docked"
    program = need("docker", package="docker.io")
    environment = {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(tmp_path / "docker"), "DOCKER_HOST": docker_url}

    def docker(*arguments: str, given: bytes | None = None) -> str:
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, input=given, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    image = f"{registry(me)}/{me.address}:latest"
    docker(
        "import",
        "-c",
        'CMD ["/bin/true"]',
        "-c",
        "LABEL io.modelyard.kind=trainer",
        "-",
        image,
        given=layer({"a": "1"}),
    )
    docker("login", "--username", me.username, "--password-stdin", registry(me), given=me.password.encode())
    try:
        docker("push", "-q", image)
        ready = me.ready({"number": 1})
        assert ready["operation"]["kind"] == "trainer"
        other = image.replace("docked", "second")
        docker("tag", image, other)
        assert f"Mounted from {me.address}" in docker("push", other), "what is in the other repository is not sent"
        docker("rmi", "-f", image, other)
        docker("pull", "-q", f"{registry(me)}/{me.address}:v1")
        refused = subprocess.run(
            [program, "push", f"{registry(me)}/{me.address}:v1"], env=environment, capture_output=True, check=False
        )
        assert refused.returncode != 0
        assert b"denied" in refused.stderr
    finally:
        subprocess.run([program, "rmi", "-f", f"{registry(me)}/{me.address}:v1"], env=environment, check=False)


def test_podman_pushes(site: Server, tmp_path: Path) -> None:
    me = author(site, tmp_path)
    me.name = "podded"
    layout = images.write_layout(rotate(), tmp_path / "layout")
    with podman() as run:
        run("pull", "-q", f"oci:{layout}")
        pulled = json.loads(run("images", "--format", "json"))[0]["Id"]
        target = f"docker://{registry(me)}/{me.address}:latest"
        run("push", "-q", "--tls-verify=false", f"--creds={me.username}:{me.password}", pulled, target)
        assert me.ready({"number": 1})["card"]["title"] == "Rotate"
        run("rmi", "--all", "--force")


ORAS = """
import sys, oras.client
host, user, password, target, folder = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, insecure=True, auth_backend="token")
client.login(username=user, password=password, hostname=host, tls_verify=False, config_path=folder + "/config.json")
pushed = client.push(files=["data.txt:text/plain"], target=target, disable_path_validation=True)
assert pushed.status_code == 201, pushed.text
[file] = client.pull(target=target, outdir=folder + "/back")
assert open(file).read() == "from oras", file
print(sorted(client.get_tags(target)))
"""


def test_the_oras_sdk_pushes_files(site: Server, tmp_path: Path) -> None:
    me = author(site, tmp_path)
    me.name = "artifacts"
    (tmp_path / "data.txt").write_text("from oras")
    target = f"{registry(me)}/{me.address}:data"
    arguments = [registry(me), me.username, me.password, target, str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", ORAS, *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(oras_sdk())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "['data']" in done.stdout
    assert site.client(me.token).get(me.versions).json()["items"] == [], "files are no version"


def oras_sdk() -> Path:
    """A folder with the real SDK, installed once a run."""
    return Path(session.shared("oras", _install_oras)["folder"])


def _install_oras(folder: Path) -> dict[str, Any]:
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable, "--target", folder / "lib"]
    subprocess.run([*command, "oras==0.2.43"], check=True)
    return {"folder": str(folder / "lib")}
