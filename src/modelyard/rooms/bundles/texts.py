"""What people read in a bundle: the steps, the compose file, the licence, the card."""

import json
import shlex
from collections.abc import Iterator

from modelyard.rooms.bundles.schemas import BundleFacts

LONGEST_EXAMPLE = 4000
HARDENING = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --restart unless-stopped"


def write_texts(facts: BundleFacts, *, front: str) -> list[tuple[str, bytes]]:
    """Names and contents of the files that stand first in a bundle; ``front`` is the front-end image's name."""
    texts = {
        "README.md": _readme(facts, front),
        "compose.yaml": _compose(facts, front),
        "LICENSE": _licence(facts),
        "CARD.md": _card(facts),
    }
    return [(name, text.encode()) for name, text in texts.items()]


def _readme(facts: BundleFacts, front: str) -> str:
    return f"""# {_title(facts)}

{facts.owner}/{facts.name}, version {facts.number}, for {facts.platform}: the model and a page to use it, to be run by
Docker or Podman on any machine. Nothing else is needed, no network either. What the model is for is in `CARD.md`,
what you may do with it in `LICENSE`.

## Run it

With Docker and its compose plugin, in the folder where this bundle lies:

```sh
tar xf {facts.file_name} README.md compose.yaml LICENSE CARD.md
docker load -i {facts.file_name}
docker compose up -d
```

Then open <http://localhost:8080>. The first start takes the model some seconds to load. `docker compose down` ends it.

Another port: `PORT=9000 docker compose up -d`. The same variable counts below.

## Without compose

```sh
docker load -i {facts.file_name}
{_run_lines(facts, front, "docker")}
```

`docker rm -f {_container(facts)} {_container(facts)}-front` ends it.

## With Podman

```sh
podman load -i {facts.file_name}
{_run_lines(facts, front, "podman")}
```

## Call it from a program

```sh
curl -s "http://localhost:${{PORT:-8080}}/model/predict" -H 'Content-Type: application/json' -d {_example(facts)}
```

`GET /model/data` says what the model takes and gives, `GET /openapi.json` how to call it.
"""


def _run_lines(facts: BundleFacts, front: str, engine: str) -> str:
    """Both containers share one network namespace, which every engine has: names need not be looked up."""
    name = _container(facts)
    settings = "".join(f" -e {key}={value}" for key, value in _environment(facts))
    publish = '-p "127.0.0.1:${PORT:-8080}:8080"'
    return "\n".join(
        (
            f"{engine} run -d --name {name} {publish} {HARDENING} --memory {facts.memory_bytes}{settings} "
            f"{facts.model_image}",
            f"{engine} run -d --name {name}-front --network container:{name} {HARDENING} "
            f"-e MODELYARD_MODEL=127.0.0.1:8000 {front}",
        )
    )


def _compose(facts: BundleFacts, front: str) -> str:
    networks = "[inside, outside]" if facts.network else "[inside]"
    environment = "\n".join(f'      {key}: "{value}"' for key, value in _environment(facts))
    hardening = """    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped"""
    return f"""# {facts.owner}/{facts.name} v{facts.number}: the model, and the page that calls it
services:
  model:
    image: {facts.model_image}
    networks: {networks}
    environment:
{environment}
    mem_limit: {facts.memory_bytes}
{hardening}
  front:
    image: {front}
    networks: [inside, outside]
    ports: ["127.0.0.1:${{PORT:-8080}}:8080"]
    depends_on: [model]
{hardening}
networks:
  inside:
    internal: true
  outside: {{}}
"""


def _environment(facts: BundleFacts) -> Iterator[tuple[str, str]]:
    yield "MODELYARD_REPOSITORY", f"{facts.owner}/{facts.name}"
    yield "MODELYARD_VERSION", str(facts.number)


def _licence(facts: BundleFacts) -> str:
    if facts.licence is not None:
        return facts.licence
    address = f"{facts.owner}/{facts.name}"
    if named := _line(facts.card.get("license")):
        return f"The card of {address} names the licence {named}. Its text did not come with the source.\n"
    return (
        f"Neither the card nor the source of {address} names a licence.\n"
        f"Ask {facts.owner} what you may do with this model.\n"
    )


def _card(facts: BundleFacts) -> str:
    if facts.readme is not None:
        return facts.readme
    return f"# {_title(facts)}\n\n{facts.card.get('description') or 'This version has no card.'}\n"


def _example(facts: BundleFacts) -> str:
    """The card's example as an argument of a shell; one that is absent or long becomes a hint."""
    example = facts.card.get("example")
    text = json.dumps(example, ensure_ascii=False) if isinstance(example, dict) else ""
    return shlex.quote(text) if 0 < len(text) <= LONGEST_EXAMPLE else "@inputs.json"


def _title(facts: BundleFacts) -> str:
    return _line(facts.card.get("title")) or facts.name


def _line(value: object) -> str:
    """A card's text as one line; empty for anything else."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _container(facts: BundleFacts) -> str:
    return f"{facts.name}-v{facts.number}"
