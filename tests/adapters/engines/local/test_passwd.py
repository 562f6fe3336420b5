"""Users by name, as images have them."""

from pathlib import Path

import pytest

from modelyard.adapters.engines.local.links import Layer
from modelyard.adapters.engines.local.passwd import with_numbers
from modelyard.rooms.runs.ports import ContainerSpec, Image


def layers(folder: Path) -> list[Layer]:
    """A base that knows root and app, and a layer above that moves app."""
    for name, uid in (("base", 1000), ("upper", 2000)):
        (folder / name / "etc").mkdir(parents=True)
        (folder / name / "etc/passwd").write_text(
            f"root:x:0:0:root:/:/bin/sh\napp:x:{uid}:{uid + 1}::/:/bin/sh\nshort:x\n"
        )
        (folder / name / "etc/group").write_text(f"root:x:0:\nstaff:x:{uid + 2}:app\n")
    return [Layer(name, folder / name, 0) for name in ("base", "upper")]


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        ("app", "2000:2001"),
        ("app:staff", "2000:2002"),
        ("app:7", "2000:7"),
        ("5:staff", "5:2002"),
        ("5:6", "5:6"),
        ("5", "5"),
        ("nobody-here", "nobody-here"),
        ("short", "short"),
        ("", ""),
    ],
)
def test_names_become_the_numbers_of_the_topmost_layer(tmp_path: Path, user: str, numbers: str) -> None:
    spec = ContainerSpec("c", Image("sha256:0", {"config": {"User": user, "Env": []}}, []))
    config = with_numbers(spec, layers(tmp_path)).image.config["config"]
    assert config == {"User": numbers, "Env": []}


def test_links_out_of_a_layer_are_not_followed(tmp_path: Path) -> None:
    made = layers(tmp_path / "layers")
    secret = tmp_path / "host"
    (secret).mkdir()
    (secret / "passwd").write_text("app:x:1:1::/:/bin/sh\n")
    for file in (made[1].path / "etc").iterdir():
        file.unlink()
    (made[1].path / "etc").rmdir()
    (made[1].path / "etc").symlink_to(secret)
    spec = ContainerSpec("c", Image("sha256:0", {"config": {"User": "app"}}, []))
    assert with_numbers(spec, made).image.config["config"] == {"User": "1000:1001"}
