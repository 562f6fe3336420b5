"""The config of the four parts and modelyard.yaml."""

# ruff: noqa: E501 (rows of tables)

import json

import pytest

from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.config import (
    Manifest,
    read_manifest,
    read_manifest_text,
    read_parts_config,
    write_manifest,
)
from modelyard.rooms.sources.errors import ConfigInvalid

PREDICT = {"module": "m", "function": "f"}


def refused(config: object) -> ConfigInvalid:
    with pytest.raises(ConfigInvalid) as e:
        read_parts_config(json.dumps(config).encode())
    assert e.value.detail.isprintable()
    return e.value


@pytest.mark.parametrize(
    ("predict", "target"),
    [
        ({"module": "m", "function": "f"}, Target("m", "f")),
        ({"module": "a.b", "class": "C", "function": "f"}, Target("a.b", "f", "C")),
        ({"module": "m", "class": None, "function": "f"}, Target("m", "f")),
        ({"module": "m", "class": "", "function": "f"}, Target("m", "f")),
        ("m:f", Target("m", "f")),
        ("m:C.f", Target("m", "f", "C")),
    ],
)
def test_both_forms_of_a_target(predict, target):
    assert read_parts_config(json.dumps({"predict": predict}).encode()).predict == target


EVIL = [
    "x\nRUN id",
    "a; rm -rf /",
    "$(id)",
    "`id`",
    "a b",
    "../a",
    "a/b",
    "",
    "1a",
    "a-b",
    "import",
    "a\x00",
    "a'",
    "м\u200b",
    "a" * 999,
]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("key", ["module", "class", "function"])
def test_nothing_but_names_in_a_target(key, evil):
    if (key, evil) == ("class", ""):
        return  # the same as none
    error = refused({"predict": {**PREDICT, key: evil}})
    assert error.field == f"/predict/{key}"
    assert error.remedy


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ([], None, "not an object"),
        ({}, "/predict", "what predicts"),
        ({"predict": None}, "/predict", "what predicts"),
        ({"predict": 1}, "/predict", "not an object"),
        ({"predict": "m"}, "/predict", "no colon"),
        ({"predict": {"module": "m"}}, "/predict/function", "does not name the function"),
        ({"predict": {"function": "f"}}, "/predict/module", "does not name the module"),
        ({"predict": {**PREDICT, "module": 1}}, "/predict/module", "not a text"),
        ({"predict": {**PREDICT, "klass": "C"}}, "/predict/klass", "klass"),
        ({"predict": PREDICT, "pyton": "3.11"}, "/pyton", "pyton"),
        ({"predict": PREDICT, "artifact": "model.pkl"}, "/artifact", "part of its own"),
        ({"predict": PREDICT, "requirements": ["numpy"]}, "/requirements", "part of its own"),
        ({"predict": PREDICT, "python": "3.11.2"}, "/python", "minor version"),
        ({"predict": PREDICT, "python": "3.11\nRUN id"}, "/python", "minor version"),
        ({"predict": PREDICT, "python": 3.11}, "/python", "in quotes"),
        ({"predict": PREDICT, "python": "2.7"}, "/python", "minor version"),
        ({"predict": PREDICT, "system_packages": ["libgomp1", "a b"]}, "/system_packages/1", "Debian"),
        ({"predict": PREDICT, "system_packages": ["x\ny"]}, "/system_packages/0", "Debian"),
        ({"predict": PREDICT, "system_packages": ["-oDebug=1"]}, "/system_packages/0", "Debian"),
        ({"predict": PREDICT, "system_packages": ["perl-"]}, "/system_packages/0", "Debian"),
        ({"predict": PREDICT, "system_packages": ["vim=1.0"]}, "/system_packages/0", "Debian"),
        ({"predict": PREDICT, "system_packages": ["aa"] * 51}, "/system_packages", "50"),
        ({"predict": PREDICT, "system_packages": "vim"}, "/system_packages", "tuple"),
        ({"predict": PREDICT, "resources": {"memory": "lots"}}, "/resources/memory", "2 GiB"),
        ({"predict": PREDICT, "resources": {"memory": 1}}, "/resources/memory", "greater"),
        ({"predict": PREDICT, "resources": {"memry": 1}}, "/resources/memry", "memry"),
        ({"predict": PREDICT, "resources": {"cpus": 0}}, "/resources/cpus", "greater"),
        ({"predict": PREDICT, "resources": {"cpus": "many"}}, "/resources/cpus", "number"),
        ({"predict": PREDICT, "resources": []}, "/resources", ""),
        ({"predict": PREDICT, "card": []}, None, ""),
        ({"predict": PREDICT, "card": {"purpse": "a"}}, "/card/purpse", "purpse"),
        ({"predict": PREDICT, "purpose": "a", "card": {"purpose": "b"}}, "/purpose", "twice"),
        ({"predict": PREDICT, "title": "a\nb"}, "/card/title", "one line"),
        ({"predict": PREDICT, "title": 3}, "/card/title", "string"),
        ({"predict": PREDICT, "title": "a" * 301}, "/card/title", "300"),
        ({"predict": PREDICT, "purpose": "a\x00b"}, "/card/purpose", "control"),
        ({"predict": PREDICT, "tags": [1]}, "/card/tags/0", "string"),
        ({"predict": PREDICT, "tags": ["a\nb"]}, "/card/tags/0", "one line"),
        ({"predict": PREDICT, "example": [1]}, "/card/example", "dict"),
        ({"predict": PREDICT, "text": "x"}, "/text", "not known"),
    ],
)  # fmt: skip
def test_refused_with_the_field(config, field, words):
    error = refused(config)
    assert (error.code, error.status) == ("config_invalid", 422)
    assert words in error.detail
    if field:
        assert error.field == field


@pytest.mark.parametrize(
    ("key", "guess"),
    [("predct", "predict"), ("pyton", "python"), ("titel", "title"), ("system-packages", "system_packages")],
)
def test_unknown_keys_get_a_suggestion(key, guess):
    assert refused({"predict": PREDICT, key: "x"}).remedy == f"Did you mean {guess}?"


def test_unknown_resource_gets_a_suggestion():
    assert refused({"predict": PREDICT, "resources": {"memry": 1}}).remedy == "Did you mean memory?"


@pytest.mark.parametrize(
    ("written", "size"),
    [("2 GiB", 2 * 1024**3), ("512MB", 512_000_000), ("0.5Gi", 512 * 1024**2), ("1g", 10**9), (2**30, 2**30), ("20000000", 20_000_000)],
)  # fmt: skip
def test_sizes(written, size):
    assert read_manifest({"predict": "m:f", "resources": {"memory": written}}).resources.memory_bytes == size


@pytest.mark.parametrize("written", ["python: 3.10", 'python: "3.10"', "python: '3.10'"])
def test_python_may_be_written_without_quotes_in_yaml(written):
    assert read_manifest_text(f"predict: m:f\n{written}\n".encode()).python == "3.10"


FULL = {
    "predict": "a.b:C.f",
    "artifact": "models/model.pkl",
    "requirements": ["numpy>=2", "six"],
    "python": "3.13",
    "system_packages": ["libgomp1", "g++"],
    "resources": {"memory": "1 GiB", "cpus": 0.5, "disk": "2 GB", "pids": 9, "timeout": 2.5, "network": True},
    "title": "Digits",
    "description": "Reads digits.\nWell.",
    "tags": ["a", "yes"],
    "card": {"license": "MIT", "purpose": "to read: #1", "model_type": "forest", "action": "- none", "example": {"x": [1, 2.5, None, "no"]}},
}  # fmt: skip


@pytest.mark.parametrize("config", [FULL, {"predict": "m:f"}, {"predict": "m:f", "requirements": "r.txt"}])
def test_written_manifest_reads_back(config):
    manifest = read_manifest(config)
    assert read_manifest_text(write_manifest(manifest).encode()) == manifest
    assert isinstance(manifest, Manifest)


def test_full_manifest():
    manifest = read_manifest(FULL)
    assert manifest.resources.to_json() == {
        "memory_bytes": 1024**3, "cpus": 0.5, "disk_bytes": 2 * 10**9, "pids": 9, "timeout_seconds": 2.5, "network": True,
    }  # fmt: skip
    assert manifest.card["tags"] == ["a", "yes"]
    assert manifest.card["purpose"] == "to read: #1"
    assert manifest.requirements == ("numpy>=2", "six")


def test_one_tag_may_be_a_text():
    assert read_manifest({"predict": "m:f", "tags": "one"}).card["tags"] == ["one"]
