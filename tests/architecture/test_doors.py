"""A room is entered only by its doors, and only its store asks the database (HOUSE_RULES 2 and 5)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "modelyard"
ROOMS = sorted(p.name for p in (SOURCE / "rooms").iterdir() if p.is_dir() and p.name != "__pycache__")
DOORS = {"service", "schemas", "errors", "ports", "policies"}
FURTHER_DOORS = {
    "accounts": {"sign_in", "throttle", "organisations"},  # parts of its service
    "content": {"uploads", "receiving", "deliveries"},  # foreign clients send in their own ways
    "access": {"idempotency"},  # a route class for routes of rooms above
    "repos": {"git", "lfs", "attributes", "trees"},  # pointers, objects and trees are words of the ledger
    "versions": {"erasing"},  # a repository may be deleted by other doors too
    "runs": {"rules"},  # states that those who wait for a run compare with
}
SQL = {"select", "insert", "update", "delete", "execute", "scalar", "scalars", "query"}
SQL_ALLOWED = {"store.py", "tables.py"}


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _files(room: str) -> list[Path]:
    return sorted((SOURCE / "rooms" / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_other_rooms_are_entered_by_their_doors(room: str) -> None:
    for file in _files(room):
        for name in _imports(file):
            parts = name.split(".")
            if parts[:2] != ["modelyard", "rooms"] or len(parts) < 4 or parts[2] == room:
                continue
            doors = DOORS | FURTHER_DOORS.get(parts[2], set())
            assert parts[3] in doors, f"{file}: {name} is not a door"


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_store_asks_the_database(room: str) -> None:
    for file in _files(room):
        if file.name in SQL_ALLOWED:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                asks = (node.value.id == "session" and node.attr in SQL) or (node.value.id == "sa" and node.attr in SQL)
                assert not asks, f"{file}:{node.lineno} asks the database"


@pytest.mark.parametrize("room", ROOMS)
def test_services_do_not_commit(room: str) -> None:
    for file in _files(room):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "session":
                assert node.attr not in ("commit", "rollback", "begin"), f"{file}:{node.lineno}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is(room: str) -> None:
    readme = SOURCE / "rooms" / room / "README.md"
    assert readme.exists(), f"{room} has no README.md"


def test_functions_import_nothing() -> None:
    """No import hides in a function: if one seems needed, the direction is wrong (HOUSE_RULES 11)."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert not inner, f"{file}:{inner[0].lineno if inner else 0}"
