"""The doors that OpenAPI does not describe. A new one is one line (or a few) in ``DOORS``.

``{repo}`` is the address of a repository; every other identifier is one of Alice's (``World.ids``).
"""

import json
from dataclasses import dataclass, field
from typing import Any

REFUSED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422})


@dataclass(frozen=True)
class Door:
    """A request. ``opens``: what it answers to Alice, on her own repository; None where it would change something.

    ``body``: bytes as they are; in what is none, ``{oid}`` is Alice's.

    ``through_own``: what Mallory may be answered who asks for Alice's object through a repository of her own. Where
    that may be a success, ``tells`` is what stands in the answer only if the object is given away.
    """

    name: str
    method: str
    path: str
    opens: int | None = 200
    body: bytes | str | dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    through_own: frozenset[int] = REFUSED
    tells: str | None = None


LFS = {"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"}
OCI = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
ABSENT = frozenset({404})
ANY = REFUSED | {200, 201, 202, 204, 206}


def _batch(operation: str) -> dict[str, Any]:
    return {"operation": operation, "transfers": ["basic"], "objects": [{"oid": "{oid}", "size": 5}]}


def _commit() -> str:
    """A commit of a file that is to have come before, by LFS."""
    file = {"path": "taken.bin", "algo": "sha256", "oid": "{oid}", "size": 5}
    lines = [{"key": "header", "value": {"summary": "taken"}}, {"key": "lfsFile", "value": file}]
    return "\n".join(json.dumps(line) for line in lines)


DOORS = [
    Door("git refs", "GET", "/{repo}.git/info/refs?service=git-upload-pack", through_own=ANY, tells="{commit}"),
    Door("git fetch", "POST", "/{repo}.git/git-upload-pack", None, b"0000", through_own=ANY),
    Door("git push refs", "GET", "/{repo}.git/info/refs?service=git-receive-pack", None, through_own=ANY),
    Door("git push", "POST", "/{repo}.git/git-receive-pack", None, b"0000", through_own=ANY),
    Door("lfs batch", "POST", "/{repo}.git/info/lfs/objects/batch", 200, _batch("download"), LFS, ANY, '"download"'),
    Door("lfs upload", "POST", "/{repo}.git/info/lfs/objects/batch", None, _batch("upload"), LFS, ANY, '"verify-only"'),
    Door("lfs object", "GET", "/{repo}.git/info/lfs/objects/{oid}"),
    Door("lfs put", "PUT", "/{repo}.git/info/lfs/objects/{oid}", None, b"other"),
    Door("dvc, looked for", "HEAD", "/dvc/{repo}/files/md5/{md5}", through_own=ABSENT),
    Door("dvc", "GET", "/dvc/{repo}/files/md5/{md5}", through_own=ABSENT),
    Door("dvc push", "POST", "/dvc/{repo}/files/md5/{md5}", None, b"x"),
    Door("hub", "GET", "/api/models/{repo}", through_own=ANY),
    Door("hub revision", "GET", "/api/models/{repo}/revision/{commit}"),
    Door("hub tree", "GET", "/api/models/{repo}/tree/main", through_own=ANY),
    Door("hub file", "GET", "/{repo}/resolve/main/adder.py", through_own=ANY),
    Door("hub commit", "POST", "/api/models/{repo}/commit/main", None, _commit(), NDJSON),
    Door("hub tag", "POST", "/api/models/{repo}/tag/main", None, {"tag": "mine"}, JSON, ANY),
    Door("registry tags", "GET", "/v2/{repo}/tags/list", through_own=ANY),
    Door("registry manifest", "GET", "/v2/{repo}/manifests/{manifest}", headers=OCI),
    Door("registry blob", "GET", "/v2/{repo}/blobs/{digest}"),
    Door("registry blob, looked for", "HEAD", "/v2/{repo}/blobs/{digest}"),
    Door("registry upload", "POST", "/v2/{repo}/blobs/uploads/", None, through_own=ANY),
    Door(
        "registry mount",
        "POST",
        "/v2/{repo}/blobs/uploads/?mount={digest}&from={owner}/adder",
        None,
        through_own=ANY - {201},  # that would say that it was taken over
    ),
    Door("serve", "POST", "/serve/{repo}/model/predict", 200, {"left": 1}, JSON, ANY),
    Door("serve a version", "POST", "/serve/{repo}@v1/model/predict", 200, {"left": 1}, JSON, ANY),
    Door("serve a form", "GET", "/serve/{repo}/openapi.json", through_own=ANY),
]
