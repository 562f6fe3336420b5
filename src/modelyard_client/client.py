"""The verbs of a Modelyard server."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from modelyard_client import downloads, events, uploads
from modelyard_client.answers import (
    CreatedToken,
    Deployment,
    ItemPage,
    Quota,
    Repository,
    Run,
    SessionInfo,
    UsageReport,
    Version,
)
from modelyard_client.downloads import Downloaded
from modelyard_client.errors import Missing, Unreachable
from modelyard_client.events import Event
from modelyard_client.experiments import Experiments
from modelyard_client.inputs import Source
from modelyard_client.members import Members
from modelyard_client.predictions import Prediction, read_prediction
from modelyard_client.registries import Registries
from modelyard_client.runs import Runs
from modelyard_client.transport import API, Transport
from modelyard_client.uploads import Progress, UploadMemory

SLOW = httpx.Timeout(600.0, connect=10.0)
"""For what waits for others: a model that starts, another registry."""


class Client:
    """A server and its caller. Repositories are addressed ``owner/name``; errors are ``ClientError``. Thread-safe."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        http: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport = Transport(url, token=token, http=http, sleep=sleep)
        self.runs = Runs(self.transport)
        self.registries = Registries(self.transport)
        self.members = Members(self.transport)
        self.experiments = Experiments(self.transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        return self.transport.url

    def close(self) -> None:
        self.transport.close()

    # people

    def get_session(self) -> SessionInfo:
        """Whom the token stands for; raises ``Unreachable`` when this is no Modelyard server."""
        info = self.transport.json("GET", "/session")
        if not isinstance(info, dict) or "account" not in info:
            raise Unreachable(
                f"What answers at {self.url} is not a Modelyard server.",
                code="not_modelyard",
                remedy="Check the address.",
            )
        return info  # type: ignore[return-value]

    def create_token(
        self, username: str, password: str, *, name: str, scopes: list[str], expires_in_days: int | None
    ) -> CreatedToken:
        """Signs in with a password, makes a token, and signs out again."""
        self.transport.json("POST", "/session", json={"username": username, "password": password})
        here = {"Origin": self.url}  # the cookie counts only for requests from the site itself
        try:
            wanted = {"name": name, "scopes": scopes, "expires_in_days": expires_in_days}
            return self.transport.json("POST", "/account/tokens", json=wanted, headers=here)
        finally:
            self.transport.json("DELETE", "/session", headers=here)

    # repositories and versions

    def list_repositories(self, *, limit: int | None = None, **filters: str | None) -> list[Repository]:
        """What the caller may read, newest first, ``limit`` at most. Filters: q, kind, owner, visibility, tag, mine."""
        return self._listed("/repos", limit, filters)

    def get_repository(self, address: str) -> Repository:
        return self.transport.json("GET", f"/repos/{address}")

    def find_repository(self, address: str) -> Repository | None:
        try:
            return self.get_repository(address)
        except Missing:
            return None

    def create_repository(self, address: str, *, visibility: str = "private", kind: str = "model") -> Repository:
        """``address`` may leave the owner out: then it is the caller."""
        owner, _, name = address.rpartition("/")
        wanted = {"owner": owner or None, "name": name, "kind": kind, "visibility": visibility}
        return self.transport.json("POST", "/repos", json=wanted)

    def fork(self, address: str, name: str | None = None, *, visibility: str = "private") -> Repository:
        """A copy of the files and their history that is the caller's own; named as its source unless one is given."""
        wanted = {"name": name, "visibility": visibility}
        return self.transport.json("POST", f"/repos/{address}/fork", json=wanted, key=str(uuid4()))

    def upload(self, path: Path, *, progress: Progress | None = None, memory: UploadMemory | None = None) -> str:
        """Sends a file, resumably; returns the id of the upload."""
        return uploads.upload_file(self.transport, path, progress=progress, memory=memory)

    def push_archive(
        self, address: str, archive: Path, *, message: str = "", platforms: list[str] | None = None, **sending: Any
    ) -> Version:
        """Uploads a zip of a directory with ``modelyard.yaml`` and makes a version of it, whose build then goes on.

        ``sending`` is what ``upload`` takes: ``progress`` and ``memory``.
        """
        return self._push(address, {"archive": self.upload(archive, **sending)}, message, platforms)

    def push_parts(
        self,
        address: str,
        *,
        source: Path | None = None,
        config: Path | None = None,
        artifact: Path | None = None,
        requirements: Path | None = None,
        message: str = "",
        platforms: list[str] | None = None,
        **sending: Any,
    ) -> Version:
        """As ``push_archive``, from parts: zip of the source with its configuration, trained model, requirements.

        A model's file may come alone, where its kind is known (.joblib, .pkl, .onnx, .keras, .h5, .ubj).
        """
        files = _given({"source": source, "artifact": artifact, "requirements": requirements, "config": config})
        parts = {name: self.upload(path, **sending) for name, path in files.items()}
        return self._push(address, {"parts": parts}, message, platforms)

    def push_files(
        self, address: str, files: Mapping[str, str] | str, *, message: str = "", keep: bool = False
    ) -> Version:
        """Makes a version of a dataset: of uploads by path, or of the upload of a zip. With ``keep``, over what is
        there."""
        listed = [] if isinstance(files, str) else [{"path": path, "upload": id} for path, id in files.items()]
        body = {"archive": files if isinstance(files, str) else None, "files": listed, "keep": keep, "message": message}
        return self.transport.json("POST", f"/repos/{address}/versions", json=body, key=str(uuid4()))

    def import_image(self, address: str, reference: str) -> Version:
        """Makes a version of an operation of an image that another registry has, such as ``ghcr.io/team/tool:1.2``."""
        at, wanted = f"/repos/{address}/versions", {"image": reference}
        return self.transport.json("POST", at, json=wanted, key=str(uuid4()), timeout=SLOW)

    def publish(self, address: str, number: int) -> Version:
        """Offers a version of an operation to all who may read it."""
        return self.transport.json("POST", f"/repos/{address}/versions/{number}/publish")

    def unpublish(self, address: str, number: int) -> Version:
        """Takes a version of an operation back: others start no runs of it any more."""
        return self.transport.json("POST", f"/repos/{address}/versions/{number}/unpublish")

    def list_files(self, address: str, number: int) -> list[dict[str, Any]]:
        """The files of a dataset's version, with sizes and digests."""
        return self._listed(f"/repos/{address}/versions/{number}/files", None, {})

    def list_items(self, address: str, number: int, *, start: int = 0, limit: int = 100, **filters: Any) -> ItemPage:
        """Images of a dataset's version by path, from the ``start``-th on. Filters: split, label, unlabelled, text,
        errors (the files that could not be read)."""
        query = {"from": start, "limit": limit, **_given(filters)}
        return self.transport.json("GET", f"/repos/{address}/versions/{number}/items", params=query)

    def edit_items(
        self,
        address: str,
        number: int,
        *,
        relabel: Mapping[int, str | None] | None = None,
        delete: Sequence[int] = (),
        message: str = "",
    ) -> Version:
        """Makes the next version of a dataset of images: rows of version ``number``, the newest, with other labels
        (None: with none), or without some."""
        labels = [{"row": row, "label": label} for row, label in (relabel or {}).items()]
        body = {"relabel": labels, "delete": list(delete), "message": message}
        at = f"/repos/{address}/versions/{number}/edits"
        return self.transport.json("POST", at, json=body, key=str(uuid4()))

    def search(self, text: str, *, limit: int | None = None, **filters: Any) -> list[Repository]:
        """What the caller may read of what is looked for. Filters: kind, owner, visibility, tag, data_type, sort."""
        return self._listed("/search", limit, {"q": text, **filters})

    def list_versions(self, address: str, *, limit: int | None = None) -> list[Version]:
        """Newest first; ``limit`` at most."""
        return self._listed(f"/repos/{address}/versions", limit, {})

    def get_version(self, address: str, number: int) -> Version:
        return self.transport.json("GET", f"/repos/{address}/versions/{number}")

    def import_images(self, address: str, **wanted: Any) -> Version:
        """Makes a version of a dataset from archives of images, or from tables: ``uploads``, ``urls``, ``labels``
        (an upload), ``split``, ``on_bad`` (skip or fail), ``append``, ``message``."""
        return self.transport.json("POST", f"/repos/{address}/imports", json=wanted)

    def erase_items(self, address: str, digests: Sequence[str]) -> None:
        """Erases images, by their content, from every version of a dataset."""
        self.transport.json("POST", f"/repos/{address}/item-erasures", json={"digests": list(digests)})

    def follow_build(self, address: str, number: int) -> Iterator[Event]:
        """Events ``stage`` and ``log`` as they happen, then ``end`` with the version. Survives broken connections."""
        return events.follow(self.transport, f"{API}/repos/{address}/versions/{number}/events")

    def read_build_log(self, address: str, number: int) -> str:
        return self.transport.text(f"/repos/{address}/versions/{number}/log")

    def download_bundle(
        self,
        address: str,
        number: int,
        target: Path | None = None,
        *,
        platform: str | None = None,
        progress: Progress | None = None,
    ) -> Downloaded:
        """Fetches a version's bundle; continues what broke off, and checks the whole. ``target`` None: here."""
        path = f"{API}/repos/{address}/versions/{number}/bundle"
        query = _given({"platform": platform})
        return downloads.download(self.transport, path, target, params=query, progress=progress)

    # runs

    def run(
        self,
        address: str,
        *,
        version: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Source] | None = None,
        wait: bool = False,
        **options: Any,
    ) -> Run:
        """Runs a version, the newest unless one is named; with ``wait`` returns the run once it has ended, also where
        it failed: look at its ``state``. ``inputs`` and ``options`` as for ``Runs.create``."""
        run = self.runs.create(address, version=version, parameters=parameters, inputs=inputs, **options)
        return self.runs.wait(run["id"]) if wait else run

    # deployments

    def get_deployment(self, address: str) -> Deployment:
        return self.transport.json("GET", f"/repos/{address}/deployment")

    def deploy(
        self, address: str, *, version: int | None = None, alias: str = "production", **settings: Any
    ) -> Deployment:
        """Serves a version (None: the newest that is ready) under an alias."""
        wanted = {"version": version, "alias": alias, **_given(settings)}
        return self.transport.json("PUT", f"/repos/{address}/deployment", json=wanted)

    def stop_deployment(self, address: str) -> Deployment:
        return self.transport.json("POST", f"/repos/{address}/deployment/stop")

    def roll_back(self, address: str, *, alias: str = "production") -> Deployment:
        """Points the alias back at the version before."""
        return self.transport.json("POST", f"/repos/{address}/deployment/aliases/{alias}/rollback")

    def read_deployment_log(self, address: str, *, version: int | None = None) -> str:
        return self.transport.text(f"/repos/{address}/deployment/log", params=_given({"version": version}))

    def predict(self, address: str, inputs: Mapping[str, Any], *, version: int | None = None) -> Prediction:
        """Calls the model with named inputs; what is streamed comes as a list."""
        path = f"/serve/{address}{f'@v{version}' if version else ''}/model/predict"
        response = self.transport.send("POST", path, json=dict(inputs), timeout=SLOW)
        return read_prediction(response)

    def get_usage(self, **asked: Any) -> UsageReport:
        """What was used. Asked for: since, until (days, both included), by, account (for administrators)."""
        return self.transport.json("GET", "/usage", params=_given(asked))

    def read_usage_csv(self, **asked: Any) -> str:
        """The same as a table with a head."""
        return self.transport.text("/usage.csv", params=_given(asked))

    def list_quotas(self, account: str | None = None) -> list[Quota]:
        """How much may be used, is used and is left: one's own unless an administrator asks."""
        return self.transport.json("GET", "/usage/quotas", params=_given({"account": account}))["items"]

    def _listed(self, path: str, limit: int | None, filters: Mapping[str, Any]) -> list[Any]:
        return list(self.transport.pages(path, _given(filters), limit=limit))

    def _push(self, address: str, body: dict[str, Any], message: str, platforms: list[str] | None) -> Version:
        body = {**body, "message": message, "platforms": platforms or []}
        return self.transport.json("POST", f"/repos/{address}/versions", json=body, key=str(uuid4()))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
