"""The stage of the end-to-end tests: one server with a published model, and people in real browsers."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from support import databases, digits, operations, server, session

OUTPUT = Path(__file__).parents[2] / "test-output" / "e2e"
PATIENCE_MS = 20_000
BUILD_MS = 240_000

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Person:
    username: str
    password: str
    token: str


@dataclass(frozen=True)
class Stage:
    """A server that is open to newcomers and imports from this machine, its people, a public digits model ``address``
    that ``owner`` serves, a public ``dataset`` and a public ``operation`` of theirs, and the id of a ``run`` of it."""

    url: str
    administrator: Person
    owner: Person
    address: str
    dataset: str
    operation: str
    run: str


def stage() -> Stage:
    """The stage that the whole run shares."""
    facts = session.shared("e2e", _set_up)
    people = {name: Person(**facts[name]) for name in ("administrator", "owner")}
    return Stage(**facts | people)


def _set_up(folder: Path) -> dict[str, Any]:
    settings = {"sign_up": "open", "sign_up_role": "creator", "import_registries": '["127.0.0.1"]'}
    running = server.start(folder, databases.create("sqlite", folder), **settings)
    administrator = Person(*running.account(Role.ADMINISTRATOR))
    owner = Person(*running.account(Role.CREATOR))
    address = digits.push(running, owner.token, visibility="public")["address"]
    with running.client(administrator.token) as client:
        client.put(f"/api/v1/repos/{address}/deployment", json={}).raise_for_status()
    dataset = _push_dataset(running.url, owner, folder)
    operation = operations.add_operation(running, owner.token, visibility="public")
    with running.client(owner.token) as client:
        wanted = {"inputs": {"data": {"dataset": dataset}}, "title": "Of the stage"}
        run = client.post(f"/api/v1/repos/{operation}/runs", json=wanted).raise_for_status().json()["id"]
    return asdict(Stage(running.url, administrator, owner, address, dataset, operation, run))


def _push_dataset(url: str, owner: Person, folder: Path) -> str:
    address = f"{owner.username}/colours"
    readme, table = folder / "README.md", folder / "colours.csv"
    readme.write_text("---\ntitle: Colours\npurpose: To try the pages of a dataset.\n---\nEach row is a colour.\n")
    table.write_text("name,red\nruby,224\n")
    with Client(url, token=owner.token) as client:
        client.create_repository(address, visibility="public", kind="dataset")
        version = client.push_files(address, {file.name: client.upload(file) for file in (readme, table)})
        assert [event for event in client.follow_build(address, version["number"]) if event.name == "end"]
    return address


def newcomer(place: Stage) -> Person:
    """Somebody who signed up just now; a person who only visits pages needs no token."""
    username, password = f"new{secrets.token_hex(5)}", secrets.token_urlsafe(15)
    body = {"username": username, "password": password}
    httpx.post(f"{place.url}/api/v1/sign-up", json=body, headers={"Origin": place.url}, timeout=60).raise_for_status()
    return Person(username, password, "")


@contextmanager
def visit(browser: Browser, place: Stage, *, who: Person | None = None, **options: Any) -> Iterator[Page]:
    """A page in a browser of its own, signed in as ``who``; any script error or breach of the page's policy fails."""
    options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
    context = browser.new_context(base_url=place.url, **options)
    context.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: _note(faults, message.type, message.text))
    if who:
        _sign_in(context, place, who)
    yield page
    assert faults == []
    context.close()


def _sign_in(context: BrowserContext, place: Stage, who: Person) -> None:
    body = {"username": who.username, "password": who.password}
    answer = context.request.post("/api/v1/session", data=body, headers={"Origin": place.url})
    assert answer.ok, answer.text()


def _note(faults: list[str], kind: str, text: str) -> None:
    # The browser reports every refused request as an error; what the page makes of them is tested by itself.
    if kind == "error" and not text.startswith("Failed to load resource"):
        faults.append(text)


def shoot(page: Page, name: str) -> None:
    """Keeps a screenshot as test output."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png")


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds on the page, one line each; empty when all is well."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {json.dumps([n['html'][:200] for n in v['nodes']])}" for v in found]


def tab_to(page: Page, wanted: Locator) -> None:
    """Waits for ``wanted`` to be on the page, then presses Tab until it has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("e => e === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {wanted}")


def run_and_wait(page: Page) -> None:
    """Presses Run and waits for the bars; the first call may have to start the model."""
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("list", name="Class probabilities")).to_be_visible(timeout=BUILD_MS)
