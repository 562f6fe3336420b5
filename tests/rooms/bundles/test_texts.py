"""What people read in a bundle holds whatever a card says; rules of names and ETags."""

import json
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.bundles import rules
from modelyard.rooms.bundles.schemas import BundleFacts
from modelyard.rooms.bundles.texts import write_texts
from modelyard.rooms.images.schemas import ArchivedImage, ArchivedLayer

FACTS = BundleFacts("ada", "risk", 3, "arm64", {}, 2**30, False, 1_700_000_000, None, None)
FRONT = "localhost/modelyard-front:abc"


def texts(**changes: Any) -> dict[str, str]:
    written = write_texts(replace(FACTS, **changes), front=FRONT)
    assert [name for name, _ in written] == ["README.md", "compose.yaml", "LICENSE", "CARD.md"]
    return {name: data.decode() for name, data in written}


def blocks(readme: str) -> list[list[str]]:
    """The commands of each fenced block."""
    return [block.strip().splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)]


def test_the_steps_name_this_file_and_these_images() -> None:
    compose, plain, podman, call = blocks(texts()["README.md"])
    assert compose == [
        "tar xf risk-v3-arm64.tar README.md compose.yaml LICENSE CARD.md",
        "docker load -i risk-v3-arm64.tar",
        "docker compose up -d",
    ]
    assert [line.split()[0] for line in plain] == ["docker"] * 3
    assert [line.replace("docker", "podman", 1) for line in plain] == podman
    assert shlex.split(plain[1])[-1] == "localhost/ada/risk:v3"
    assert shlex.split(plain[2])[-1] == FRONT
    assert call[0].endswith("-d @inputs.json")


@given(
    st.text(max_size=60), st.text(max_size=60), st.dictionaries(st.text(max_size=8), st.text(max_size=20), min_size=1)
)
def test_no_card_reaches_the_commands_but_as_one_argument(title: str, licence: str, example: dict[str, str]) -> None:
    written = texts(card={"title": title, "license": licence, "example": example})
    plain = texts()
    assert blocks(written["README.md"])[:3] == blocks(plain["README.md"])[:3]
    assert written["compose.yaml"] == plain["compose.yaml"]
    call = re.search(r"^curl -s .*? -d (.*?)\n```$", written["README.md"], re.MULTILINE | re.DOTALL)
    assert call is not None
    assert [json.loads(word) for word in shlex.split(call[1])] == [example]


@pytest.mark.parametrize(("network", "model"), [(False, ["inside"]), (True, ["inside", "outside"])])
def test_only_a_model_that_may_have_a_network_gets_one(network: bool, model: list[str]) -> None:
    services = yaml.safe_load(texts(network=network)["compose.yaml"])["services"]
    assert services["model"]["networks"] == model
    assert services["front"]["networks"] == ["inside", "outside"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"licence": "MIT License\n\nCopyright…"}, "MIT License\n\nCopyright…"),
        ({"card": {"license": "Apache-2.0"}}, "names the licence Apache-2.0"),
        ({}, "Ask ada what you may do with this model."),
    ],
)
def test_the_licence_is_there_or_it_is_said_that_there_is_none(changes: dict[str, Any], said: str) -> None:
    assert said in texts(**changes)["LICENSE"]


def test_the_card_is_the_source_s_own_where_there_is_one() -> None:
    assert texts(readme="# Mine\n")["CARD.md"] == "# Mine\n"
    assert texts(card={"title": "Risk", "description": "How likely."})["CARD.md"] == "# Risk\n\nHow likely.\n"


@pytest.mark.parametrize(
    ("asked", "made_for", "chosen"),
    [
        ("linux/arm64", ["linux/amd64"], "linux/arm64"),
        (None, ["linux/amd64", "linux/arm64"], "linux/amd64"),
        (None, ["linux/arm64"], "linux/arm64"),
        (None, [], None),
    ],
)
def test_which_platform(asked: str | None, made_for: list[str], chosen: str | None) -> None:
    assert rules.choose_platform(asked, made_for=made_for, own="linux/amd64") == chosen


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a.py", "LICENSE"], "LICENSE"),
        (["Licence.txt"], "Licence.txt"),
        (["COPYING"], "COPYING"),
        (["licenses.py", "README.md"], None),
    ],
)
def test_which_file_is_the_licence(names: list[str], found: str | None) -> None:
    assert rules.find_licence(names) == found


def test_an_etag_changes_with_everything_that_the_bytes_are_made_from() -> None:
    def etag(text: bytes = b"a", layer: str = "sha256:1", config: bytes = b"{}", tag: str = "x:1", at: int = 1) -> str:
        image = ArchivedImage(tag, config, [ArchivedLayer(layer, 1, lambda _o, _l: iter(()))])
        return rules.etag_of([("README.md", text)], [image], made_at=at)

    found = [etag(), etag(text=b"b"), etag(layer="sha256:2"), etag(config=b"[]"), etag(tag="x:2"), etag(at=2)]
    assert etag() == etag()
    assert len(set(found)) == len(found)
