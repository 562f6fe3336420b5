"""A server to be fuzzed, and for each operation what it takes to be accepted there: ids, bodies and headers of things
that really are there. What an operation may destroy or use up is made anew for each request."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import requests
from PIL import Image
from schemathesis import BaseSchema, Case

from faults import adder
from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from support import leavings, server
from support.server import Server
from support.waiting import until

OF_ADMINISTRATORS = {
    "list_accounts",
    "create_account",
    "change_account",
    "set_quotas",
    "reset_password",
    "change_site",
    "diagnose",
    "list_all_runs",
    "list_runners",
}
OF_PEOPLE = {"reset_password"}
"""Operations of administrators that no token may call."""
OF_TUS = {"create_upload", "upload_standing", "append_to_upload", "end_upload"}
OF_USAGE = {"get_usage", "get_usage_csv", "list_usage_records", "get_quotas"}
OF_OPERATIONS = {"publish_version", "unpublish_version", "find_form", "create_run", "list_repository_runs"}
OF_RUNS = {
    "get_run",
    "cancel_run",
    "read_run_log",
    "follow_run",
    "read_run_metrics",
    "get_order",
    "reproduce_run",
    "keep_outputs",
    "put_run",
}
OF_EXPERIMENTS = {"get_experiment", "change_experiment", "compare_experiment", "read_curves", "put_run"}
OF_DATASETS = {"count_contents", "list_dataset_files", "download_file", "download_archive"}
OF_RESULTS = {"list_outputs", "download_output", "read_table", "describe_table", "read_preview", "download_outputs"}
BYTES = "application/offset+octet-stream"
GOOD, OTHER, FAILED = 1, 2, 3
"""Numbers of the versions that are there."""


@dataclass
class Fuzzed:
    """A server with a model that has two versions that are ready and one that failed, and is deployed."""

    server: Server
    document: BaseSchema
    token: str
    owner: str
    password: str
    victim: str
    administrator: tuple[str, str]
    neighbour: dict[str, str]
    heard: str
    predicted: str
    left: str
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    made: int = 0
    ran: str = ""

    def make_real(self, case: Case, operation_id: str) -> None:
        """Has the request speak of what is there; what it says besides stays as it was generated."""
        parameters = {"owner": self.owner, "name": "adder", "number": GOOD, "alias": "production"}
        parameters |= self._parameters(operation_id)
        case.path_parameters.update({k: v for k, v in parameters.items() if k in case.path_parameters})
        if operation_id in OF_TUS:
            case.headers["Tus-Resumable"] = "1.0.0"
        if operation_id in ("create_upload", "append_to_upload"):
            case.body, case.media_type = b"x" * 10, BYTES
            case.headers.update({"Upload-Length": "10", "Upload-Offset": "0", "Content-Type": BYTES})
            case.headers.pop("Upload-Checksum", None)
        if operation_id == "read_file":
            case.query = {"path": "adder.py", "revision": "v1"}
        if operation_id == "compare_revisions":
            case.query = {"base": "v1", "head": "v2"}
        if operation_id in OF_USAGE:
            for name in ("account", "since"):
                case.query.pop(name, None)
        if isinstance(case.body, dict):
            case.body |= self._body(operation_id, case.body)

    def sender(self, label: str, operation_id: str) -> requests.Session:
        """Somebody who may do it: an administrator, the owner with a token, or one of the two in a browser."""
        if operation_id in OF_PEOPLE:
            return self.signed_in(*self.administrator)
        if "/account" in label and "/accounts" not in label:
            return self.signed_in(self.owner, self.password)
        administrator = operation_id in OF_ADMINISTRATORS or "/invitations" in label
        connection = requests.Session()
        connection.headers["Authorization"] = f"Bearer {self.server.token if administrator else self.token}"
        return connection

    def signed_in(self, username: str, password: str) -> requests.Session:
        """Signed in once: sign-in is itself fuzzed, until it is rate-limited."""
        connection = requests.Session()
        connection.headers["Origin"] = self.server.url.replace("127.0.0.1", "localhost")
        if username not in self.cookies:
            credentials = {"username": username, "password": password}
            connection.post(f"{self.server.url}/api/v1/session", json=credentials).raise_for_status()
            self.cookies[username] = connection.cookies.get_dict()
        connection.cookies.update(self.cookies[username])
        return connection

    def next_address(self) -> str:
        """Somewhere else each time, so that attempts to sign in are not counted together."""
        self.made += 1
        return f"10.9.{self.made // 250}.{self.made % 250 + 1}"

    def _parameters(self, operation_id: str) -> dict[str, Any]:
        if operation_id in OF_DATASETS:
            return {"name": "data", "number": 1, "path": "a.csv"}
        if operation_id in OF_OPERATIONS:
            return {"name": "step", "number": 1}
        if operation_id in OF_RESULTS:
            return {"run_id": self.left, "path": "a.png" if operation_id == "read_preview" else "a.csv"}
        found: dict[str, Any] = {}
        if operation_id in OF_RUNS:
            found["run_id"] = self._ran() if operation_id in ("reproduce_run", "get_order") else self.left
        if operation_id in OF_EXPERIMENTS:
            found["experiment_id"] = self._new_experiment()
        made: dict[str, Callable[[], dict[str, Any]]] = {
            "delete_run": lambda: {"run_id": self._new_run()},
            "compare_runs": lambda: {"run_id": self._reproduced()},
            "delete_experiment": lambda: {"experiment_id": self._new_experiment()},
            "take_run": lambda: {"experiment_id": self._new_experiment(with_run=True), "run_id": self.left},
            "promote_output": lambda: {"experiment_id": self._new_experiment(with_run=True)},
            "give_feedback": self._quiet_neighbour,
            "change_feedback": lambda: self.neighbour | {"feedback_id": self._new_feedback()},
            "delete_feedback": lambda: self.neighbour | {"feedback_id": self._new_feedback()},
            "reply_to_feedback": lambda: {"feedback_id": self.heard},
            "delete_reply": lambda: {"feedback_id": self.heard, "reply_id": self._new_reply()},
            "get_prediction": lambda: {"prediction_id": self.predicted},
            "read_picture": self._pictured,
            "delete_repository": lambda: {"name": self._new_repository()},
            "change_repository": lambda: {"name": self._new_repository()},
            "change_account": lambda: {"username": self.victim},
            "reset_password": lambda: {"username": self.victim},
            "set_quotas": lambda: {"username": self.victim},
            "revoke_token": lambda: {"token_id": self._new_token()},
            "delete_registry_credential": lambda: {"credential_id": self._new_registry_credential()},
            "delete_invitation": lambda: {"invitation_id": self._new_invitation()["id"]},
            "upload_standing": lambda: {"upload_id": self._new_upload(b"", length=100)},
            "append_to_upload": lambda: {"upload_id": self._new_upload(b"", length=100)},
            "end_upload": lambda: {"upload_id": self._new_upload(b"", length=100)},
            "delete_version": lambda: {"number": self._new_version()},
            "retry_version": lambda: {"number": FAILED},
            "roll_back": lambda: {"alias": self._moved_alias()},
            "remove_alias": lambda: {"alias": self._moved_alias()},
        }
        return found | made.get(operation_id, dict)()

    def _body(self, operation_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """What of a body must be so, for this operation to be accepted."""
        match operation_id:
            case "sign_in":
                return {"username": self.owner, "password": self.password}
            case "sign_up":
                return {"username": f"new-{self._count()}", "password": "a long word", **self._invited()}
            case "change_password":
                return {"old_password": self.password, "new_password": self.password}
            case "create_account":
                return {"username": f"made-{self._count()}"}
            case "deploy" | "set_alias" if isinstance(body.get("version"), int):
                return {"version": GOOD}
            case "push_version" if "archive" in body:
                for other in ("parts", "files", "keep", "remove", "image"):
                    body.pop(other, None)
                return {"archive": self._new_upload(adder.archive()), "platforms": []}
            case "save_registry_credential":
                return {"registry": "quay.example"}
            case "give_feedback":
                return {"version": 1}
            case "set_picture":
                return {"upload": self._new_upload(PICTURE)}
            case "create_run":
                plain = {"parameters": {}, "inputs": {}, "resources": {}, "labels": [], "max_attempts": 1}
                return plain | {"version": None, "experiment_id": None, "keep_as": None}
            case "keep_outputs":
                return {"dataset": f"{self.owner}/kept"}
            case "change_experiment":
                return {"pinned": None, "name": f"changed-{self._count()}"}
            case "promote_output":
                return {"run": self.left, "path": "model/", "model": f"{self.owner}/promoted"}
            case "fork_repository":
                return {"name": f"fork-{self._count()}"}
            case "create_repository" if "owner" in body:
                return {"owner": self.owner}
        return {}

    def _invited(self) -> dict[str, str]:
        return {"invitation": self._new_invitation()["secret"]}

    def _count(self) -> int:
        self.made += 1
        return self.made

    def _new_upload(self, content: bytes, *, length: int | None = None) -> str:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length or len(content))}
        if content:
            headers["Content-Type"] = BYTES
        with self._owner() as client:
            answer = client.post("/api/v1/uploads", headers=headers, content=content)
        return answer.headers["Location"].rpartition("/")[2]

    def _quiet_neighbour(self) -> dict[str, Any]:
        self._silence()
        return dict(self.neighbour)

    def _silence(self) -> None:
        """Takes back what the owner has said of the neighbour's dataset."""
        with self._owner() as client:
            for said in client.get("/api/v1/feedback/mine").json()["items"]:
                client.delete(f"{_about(self.neighbour)}/feedback/{said['id']}").raise_for_status()

    def _new_feedback(self) -> str:
        self._silence()
        with self._owner() as client:
            return _say_something(client, self.neighbour)

    def _new_reply(self) -> str:
        with self._owner() as client:
            address = f"/api/v1/repos/{self.owner}/adder/feedback/{self.heard}/replies"
            return str(client.post(address, json={"text": "so it is"}).json()["replies"][-1]["id"])

    def _pictured(self) -> dict[str, Any]:
        with self._owner() as client:
            upload = {"upload": self._new_upload(PICTURE)}
            client.put(f"/api/v1/repos/{self.owner}/adder/picture", json=upload).raise_for_status()
        return {}

    def _new_repository(self) -> str:
        name = f"short-{self._count()}"
        with self._owner() as client:
            client.post("/api/v1/repos", json={"name": name, "kind": "model"}).raise_for_status()
        return name

    def _new_version(self) -> int:
        with Client(self.server.url, token=self.token) as client:
            return int(adder.push(client, f"{self.owner}/adder")["number"])

    def _moved_alias(self) -> str:
        """An alias that has pointed at another version before."""
        alias = f"moved-{self._count()}"
        with self._owner() as client:
            for number in (GOOD, OTHER):
                address = f"/api/v1/repos/{self.owner}/adder/deployment/aliases/{alias}"
                client.put(address, json={"version": number}).raise_for_status()
        return alias

    def _new_run(self) -> str:
        """A run that has ended."""
        with self._owner() as client:
            asked = client.post(f"/api/v1/repos/{self.owner}/step/runs", json={}).raise_for_status().json()
        return _end_of(self._owner, asked["id"])

    def _ran(self) -> str:
        """A run that has ended; always the same one."""
        self.ran = self.ran or self._new_run()
        return self.ran

    def _reproduced(self) -> str:
        with self._owner() as client:
            again = client.post(f"/api/v1/runs/{self._ran()}/reproduce").raise_for_status().json()
        return _end_of(self._owner, again["id"])

    def _new_experiment(self, *, with_run: bool = False) -> str:
        with self._owner() as client:
            made = client.post("/api/v1/experiments", json={"name": f"tries-{self._count()}"}).raise_for_status().json()
            if with_run:
                client.put(f"/api/v1/experiments/{made['id']}/runs/{self.left}").raise_for_status()
        return str(made["id"])

    def _new_token(self) -> str:
        with self.signed_in(self.owner, self.password) as person:
            wanted = {"name": "short", "scopes": ["read"]}
            return str(person.post(f"{self.server.url}/api/v1/account/tokens", json=wanted).json()["id"])

    def _new_registry_credential(self) -> str:
        with self._owner() as client:
            wanted = {"registry": f"r{self._count()}.example", "username": "ada", "secret": "secret"}
            return str(client.post("/api/v1/registry-credentials", json=wanted).raise_for_status().json()["id"])

    def _new_invitation(self) -> dict[str, Any]:
        with self.server.client() as client:
            wanted = {"role": "reader", "expires_in_days": 1}
            return dict(client.post("/api/v1/invitations", json=wanted).json())

    def _owner(self) -> httpx.Client:
        return self.server.client(self.token)


def prepare(folder: Path, database_url: str, document: Callable[[str], BaseSchema]) -> Fuzzed:
    """Starts a server of its own (what is sent changes the site), and makes what requests are to speak of."""
    running = server.start(folder, database_url, trusted_proxies='["127.0.0.1"]')
    username, password, token = running.account()
    victim, _, _ = running.account(Role.READER)
    administrator, secret, _ = running.account(Role.ADMINISTRATOR)
    with Client(running.url, token=token) as creator:
        address = f"{username}/adder"
        for number, code in ((GOOD, {}), (OTHER, {"right": 2.5}), (FAILED, {"right": "1 / 0"})):
            adder.push(creator, address, **code)
            state = adder.follow(creator, address, number)["state"]
            assert state == ("failed" if number == FAILED else "ready"), (number, state)
        creator.deploy(address, version=GOOD)
        make_operation(creator, f"{username}/step", folder)
    neighbour, _, other = running.account()
    for owner, access in ((username, token), (neighbour, other)):
        make_dataset(running, access, f"{owner}/data", folder)
    with running.client(token) as owner_client, running.client(other) as client:
        owner_client.patch(f"/api/v1/repos/{address}", json={"visibility": "public"}).raise_for_status()
        heard = _say_something(client, {"owner": username, "name": "adder"})
    prepared = Fuzzed(
        running,
        document(running.url),
        token,
        username,
        password,
        victim,
        (administrator, secret),
        {"owner": neighbour, "name": "data"},
        heard,
        _predict(running, token, address),
        str(leavings.leave(running, username, LEFT)),
    )
    prepared.signed_in(username, password).close()
    prepared.signed_in(administrator, secret).close()
    return prepared


def make_dataset(running: Server, token: str, address: str, folder: Path) -> None:
    """A public dataset with one version that is ready."""
    file = folder / "a.csv"
    file.write_bytes(b"1,2\n")
    with Client(running.url, token=token) as client:
        client.create_repository(address, visibility="public", kind="dataset")
        version = client.push_files(address, {"a.csv": client.upload(file)})
        assert adder.follow(client, address, version["number"])["state"] == "ready"


def make_operation(client: Client, address: str, folder: Path) -> None:
    """An operation with one version that is ready."""
    script = folder / "step.py"
    script.write_text("def step(n: int = 1) -> dict:\n    return {}\n")
    client.create_repository(address, kind="operation")
    version = client.push_parts(address, source=script)
    assert adder.follow(client, address, version["number"])["state"] == "ready"


def _end_of(client_of: Callable[[], httpx.Client], run_id: str) -> str:
    def ended() -> bool:
        with client_of() as client:
            return client.get(f"/api/v1/runs/{run_id}").json()["state"] in ("succeeded", "failed", "cancelled")

    until(ended, seconds=60, what="the end of a run")
    return run_id


def _about(repository: dict[str, str]) -> str:
    return f"/api/v1/repos/{repository['owner']}/{repository['name']}"


def _say_something(client: httpx.Client, repository: dict[str, str]) -> str:
    said = client.post(f"{_about(repository)}/feedback", json={"version": 1, "rating": 4, "text": "it adds"})
    return str(said.raise_for_status().json()["id"])


def _predict(running: Server, token: str, address: str) -> str:
    """Asks the model once and waits until the platform knows of it; the prediction's id."""
    with running.client(token) as client:
        id = client.post(f"/serve/{address}/model/predict", json={"left": 1}).raise_for_status().json()["id"]
        until(
            lambda: client.get(f"/api/v1/repos/{address}/predictions/{id}").is_success,
            seconds=120,
            what="the box's report",
        )
    return str(id)


def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, "PNG")
    return target.getvalue()


PICTURE = _picture()
LEFT = {
    "a.csv": b"a,b\n1,2\n",
    "a.png": PICTURE,
    "model/modelyard.yaml": b'predict: "constant:predict"\n',
    "model/constant.py": b"def predict(x: float) -> float:\n    return x\n",
}
"""What a run left that has ended."""
