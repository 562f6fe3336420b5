"""Undocumented is unfinished: settings, error codes, routes, commands and make targets are in the docs."""

import re
import sys
from pathlib import Path

from modelyard.apps.cli.program import app
from modelyard.kit.errors import ModelyardError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import reference  # noqa: E402


def test_the_reference_is_what_the_code_says() -> None:
    for name, text in {
        "settings.md": reference.settings_page(),
        "errors.md": reference.errors_page(),
        "routes.md": reference.routes_page(),
    }.items():
        assert (ROOT / "docs/reference" / name).read_text() == text, "run .venv/bin/python scripts/reference.py"


def test_error_codes_are_unique() -> None:
    codes: dict[str, type[ModelyardError]] = {}
    for kind in reference.error_kinds():
        other = codes.setdefault(kind.code, kind)
        assert other is kind, f"{kind.__name__} and {other.__name__} share the code {kind.code}"


def test_every_error_has_its_own_title() -> None:
    for kind in reference.error_kinds():
        assert kind.title, kind
        assert "code" in vars(kind), f"{kind.__name__} has no code of its own"


def test_every_command_is_in_the_guide() -> None:
    guide = (ROOT / "docs/guides/cli.md").read_text()
    commands = [command.name or command.callback.__name__ for command in app.registered_commands]  # type: ignore[union-attr]
    commands += [group.name or "" for group in app.registered_groups]
    assert len(commands) > 10
    for group in app.registered_groups:
        commands += [
            f"{group.name} {one.name or one.callback.__name__}" for one in group.typer_instance.registered_commands
        ]  # type: ignore[union-attr]
    assert "experiments show" in commands
    for command in commands:
        assert re.search(rf"`{command}[ `]", guide), command


def test_every_make_target_is_in_contributing() -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text() + (ROOT / "README.md").read_text()
    assert targets
    for target in targets:
        assert f"make {target}" in text, target


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
            if "://" not in target and not target.startswith("mailto:"):
                assert (document.parent / target).exists(), f"{document}: {target}"
