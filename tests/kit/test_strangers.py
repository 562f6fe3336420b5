"""What strangers made is sent so that no browser runs it, and not again to who has it."""

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.testclient import TestClient

from modelyard.kit.strangers import strangers_response

made: list[str] = []
app = FastAPI()


@app.get("/{name}")
def show(request: Request, name: str) -> Response:
    def make() -> bytes:
        made.append(name)
        return b"<script>"

    filename = name if name != "shown" else None
    return strangers_response(request, make, etag="abc", media_type="text/html", filename=filename)


def test_it_is_sandboxed_and_kept_from_other_readers() -> None:
    answer = TestClient(app).get("/shown")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"<script>", '"abc"')
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "content-disposition" not in answer.headers


def test_it_is_not_made_for_who_has_it() -> None:
    made.clear()
    answer = TestClient(app).get("/shown", headers={"If-None-Match": 'W/"abc"'})
    assert (answer.status_code, answer.content, made) == (304, b"", [])
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_a_file_to_save_keeps_its_name() -> None:
    answer = TestClient(app).get("/ünder.html")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BCnder.html"
