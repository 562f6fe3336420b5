"""The front-end image: what it is made from, and how its start fills in nginx's configuration."""

from pathlib import Path

import pytest

from modelyard.rooms.images import front_start, service
from modelyard.rooms.images.errors import FrontUnavailable, MirrorUnavailable
from modelyard.rooms.images.front import ensure_front
from support.supplies import new_supplies

TEMPLATE = Path(front_start.__file__).with_name("front_nginx.conf").read_text()


@pytest.mark.parametrize(
    ("resolv_conf", "resolvers"),
    [
        ("search lan\nnameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.11"),
        ("nameserver 10.88.0.1\nnameserver fd00::1\n", "10.88.0.1 [fd00::1]"),
        ("", "127.0.0.11"),
        ("nameserver evil;\n", "127.0.0.11"),
    ],
)
def test_names_are_looked_up_where_the_network_says(resolv_conf: str, resolvers: str) -> None:
    written = front_start.fill_in(TEMPLATE, {}, resolv_conf)
    assert f"resolver {resolvers} valid" in written
    assert "set $model model:8000;" in written
    assert "@MODEL@" not in written
    assert "@RESOLVERS@" not in written
    assert "@MAX_BODY_BYTES@" not in written
    assert "@model" in written, "named locations stay"


@pytest.mark.parametrize("model", ["127.0.0.1:8000", "[::1]:8000", "other-name.lan:80"])
def test_the_model_may_be_elsewhere(model: str) -> None:
    assert f"set $model {model};" in front_start.fill_in(TEMPLATE, {"MODELYARD_MODEL": model}, "")


@pytest.mark.parametrize(
    "variables",
    [
        {"MODELYARD_MODEL": "model:8000; include /etc/passwd"},
        {"MODELYARD_MODEL": "model"},
        {"MODELYARD_MAX_BODY_BYTES": "100m"},
        {"MODELYARD_MAX_BODY_BYTES": "0"},
    ],
)
def test_what_is_no_address_or_number_is_refused_by_name(variables: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(variables))):
        front_start.fill_in(TEMPLATE, variables, "")


def test_a_page_that_is_not_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(FrontUnavailable) as raised:
        service.ensure_front(tmp_path, python="3.11", platform="linux/amd64", supplies=new_supplies(tmp_path / "s"))
    assert "make web" in raised.value.remedy


def test_a_mirror_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "front.html").write_text("<title>x</title>")
    monkeypatch.setattr("modelyard.rooms.images.front.ensure_base", lambda *_a, **_o: BASE)
    monkeypatch.setattr("modelyard.rooms.images.front.resolve_system_packages", unreachable)
    with pytest.raises(FrontUnavailable, match="no answer"):
        ensure_front(tmp_path, python="3.11", platform="linux/amd64", supplies=new_supplies(tmp_path / "s"))


BASE = service.BaseImage("linux/amd64", "3.11", "3.11.2", "/usr/bin/python3.11", "2.36", "test", ())


def unreachable(*_arguments: object, **_options: object) -> None:
    raise MirrorUnavailable("The mirror gave no answer.")
