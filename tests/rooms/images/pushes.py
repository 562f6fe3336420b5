"""A registry client of our own, which can also do what real ones never would."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from rooms.versions.tiny import Author
from support.images import MadeImage, digest_of


def token_for(me: Author, *scopes: str, password: str = "") -> str:
    """A registry token for what the scopes name."""
    basic = base64.b64encode(f"{me.username}:{password or me.password}".encode()).decode()
    with me.server.client("") as client:
        answer = client.get("/v2/token", params={"scope": list(scopes)}, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


@contextmanager
def pushing(me: Author, name: str = "", *, owner: str = "") -> Iterator[httpx.Client]:
    """A client with a token to push to one repository, which is made by that; its addresses begin below it."""
    address = f"{owner or me.username}/{name or me.name}"
    token = token_for(me, f"repository:{address}:pull,push")
    with me.server.client(token) as client:
        client.base_url = f"{me.server.url}/v2/{address}"
        yield client


def begin(client: httpx.Client, **query: str) -> httpx.Response:
    answer = client.post("/blobs/uploads/", params=query)
    assert answer.status_code in (201, 202), answer.text
    return answer


def local(answer: httpx.Response) -> str:
    """The place that an answer names, below the repository."""
    return answer.headers["location"].split("/", 4)[4]


def push_blob(client: httpx.Client, data: bytes) -> str:
    """By POST and PUT; answers the digest."""
    place = local(begin(client))
    answer = client.put(place, params={"digest": digest_of(data)}, content=data)
    assert answer.status_code == 201, answer.text
    return digest_of(data)


def put_manifest(client: httpx.Client, made: MadeImage, reference: str = "") -> httpx.Response:
    return client.put(
        f"/manifests/{reference or made.digest}",
        content=made.blobs[made.digest],
        headers={"Content-Type": made.media_type},
    )


def push(client: httpx.Client, made: MadeImage, tag: str) -> httpx.Response:
    """All blobs, then the document under the tag."""
    for data in made.parts.values():
        push_blob(client, data)
    answer = put_manifest(client, made, tag)
    assert answer.status_code == 201, answer.text
    return answer


def code(answer: httpx.Response) -> tuple[int, str]:
    body: dict[str, Any] = answer.json()
    return answer.status_code, body["errors"][0]["code"]
