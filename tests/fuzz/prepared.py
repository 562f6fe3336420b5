"""A server to be fuzzed, and for each operation what it takes to be accepted there: ids, bodies and headers of things
that really are there. What an operation may destroy or use up is made anew for each request."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemathesis import BaseSchema, Case

from faults import adder
from fuzz.making import BYTES, FAILED, GOOD, OTHER, PICTURE, Making, make_dataset, make_operation, say_something
from fuzz.people import People
from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from rooms.packs.images import digits, zipped
from support import leavings, server
from support.server import Server
from support.waiting import until

OF_TUS = {"create_upload", "upload_standing", "append_to_upload", "end_upload"}
OF_USAGE = {"get_usage", "get_usage_csv", "list_usage_records", "get_quotas"}
OF_AUDIT = {"list_audit_events", "get_audit_csv"}
OF_ORGANISATION_MEMBERS = {"change_organisation_member", "remove_organisation_member"}
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
OF_DATASET_TABLES = {"read_dataset_table", "describe_dataset_table"}
OF_ITEMS = {"list_items", "summarize_items", "draw_sheet", "compare_items", "download_item", "draw_item"}
OF_RESULTS = {"list_outputs", "download_output", "read_table", "describe_table", "read_preview", "download_outputs"}


@dataclass
class Fuzzed:
    """A server with a model that has two versions that are ready and one that failed, and is deployed."""

    document: BaseSchema
    people: People
    making: Making
    victim: str
    predicted: str
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    def make_real(self, case: Case, operation_id: str) -> None:
        """Has the request speak of what is there; what it says besides stays as it was generated."""
        parameters = {"owner": self.making.owner, "name": "adder", "number": GOOD, "alias": "production"}
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
        if operation_id in OF_AUDIT:
            case.query = {"owner": self.making.owner}
        if operation_id in OF_USAGE:
            for name in ("account", "since"):
                case.query.pop(name, None)
        if isinstance(case.body, dict):
            case.body |= self._body(operation_id, case.body)

    def _parameters(self, operation_id: str) -> dict[str, Any]:
        if operation_id in OF_DATASETS:
            return {"name": "data", "number": 1, "path": "a.csv"}
        if operation_id in OF_DATASET_TABLES:
            return {"name": "data", "number": 1, "path": "a.csv"}
        if operation_id == "read_dataset_preview":
            return {"name": "data", "number": 1, "path": "a.png"}
        if operation_id in OF_ITEMS:
            return {"name": self.making.images, "number": 1, "row": 0}
        if operation_id in OF_OPERATIONS:
            return {"name": "step", "number": 1}
        if operation_id in OF_RESULTS:
            return {"run_id": self.making.left, "path": "a.png" if operation_id == "read_preview" else "a.csv"}
        found: dict[str, Any] = {"organisation": self.making.organisation}
        if operation_id == "show_commit":
            found["revision"] = "v1"
        if operation_id in OF_ORGANISATION_MEMBERS:
            return {"organisation": self.making.organisation, "username": self.making.new_member(self.making.organised)}
        if operation_id == "withdraw_organisation_invitation":
            invitation = self.making.new_member_invitation(self.making.organised)
            return {"organisation": self.making.organisation, "invitation_id": invitation["id"]}
        if operation_id == "delete_organisation":
            return {"organisation": self.making.new_organisation()}
        if operation_id in OF_RUNS:
            found["run_id"] = self.making.ran if operation_id in ("reproduce_run", "get_order") else self.making.left
        if operation_id in OF_EXPERIMENTS:
            found["experiment_id"] = self.making.new_experiment()
        made: dict[str, Callable[[], dict[str, Any]]] = {
            "delete_run": lambda: {"run_id": self.making.new_run()},
            "compare_runs": lambda: {"run_id": self.making.reproduced()},
            "delete_experiment": lambda: {"experiment_id": self.making.new_experiment()},
            "take_run": lambda: {
                "experiment_id": self.making.new_experiment(with_run=True),
                "run_id": self.making.left,
            },
            "promote_output": lambda: {"experiment_id": self.making.new_experiment(with_run=True)},
            "give_feedback": self.making.quiet_neighbour,
            "change_feedback": lambda: self.making.neighbour | {"feedback_id": self.making.new_feedback()},
            "delete_feedback": lambda: self.making.neighbour | {"feedback_id": self.making.new_feedback()},
            "reply_to_feedback": lambda: {"feedback_id": self.making.heard},
            "delete_reply": lambda: {"feedback_id": self.making.heard, "reply_id": self.making.new_reply()},
            "get_prediction": lambda: {"prediction_id": self.predicted},
            "read_picture": self.making.pictured,
            "delete_repository": lambda: {"name": self.making.new_repository()},
            "create_commit": lambda: {"name": self.making.new_repository()},
            "delete_branch": lambda: {"branch": self.making.new_branch()},
            "change_repository": lambda: {"name": self.making.new_repository()},
            "change_account": lambda: {"username": self.victim},
            "reset_password": lambda: {"username": self.victim},
            "set_quotas": lambda: {"username": self.victim},
            "revoke_token": lambda: {"token_id": self.making.new_token()},
            "delete_registry_credential": lambda: {"credential_id": self.making.new_registry_credential()},
            "change_member": lambda: {"name": "step", "username": self.making.new_member()},
            "remove_member": lambda: {"name": "step", "username": self.making.new_member()},
            "withdraw_member_invitation": lambda: {"invitation_id": self.making.new_member_invitation()["id"]},
            "accept_invitation": lambda: {"invitation_id": self.making.invited()},
            "decline_invitation": lambda: {"invitation_id": self.making.invited()},
            "transfer_repository": lambda: {"name": self.making.new_repository()},
            "get_transfer": lambda: {"name": self.making.offered()},
            "withdraw_transfer": lambda: {"name": self.making.offered()},
            "accept_transfer": lambda: {"repository_id": self.making.offered_to_owner()},
            "decline_transfer": lambda: {"repository_id": self.making.offered_to_owner()},
            "delete_invitation": lambda: {"invitation_id": self.making.new_invitation()["id"]},
            "upload_standing": lambda: {"upload_id": self.making.new_upload(b"", length=100)},
            "append_to_upload": lambda: {"upload_id": self.making.new_upload(b"", length=100)},
            "end_upload": lambda: {"upload_id": self.making.new_upload(b"", length=100)},
            "delete_version": lambda: {"number": self.making.new_version()},
            "import_images": lambda: {"name": "data"},
            "edit_items": lambda: {"name": self.making.packed(), "number": 1},
            "erase_items": lambda: {"name": self.making.packed()},
            "retry_version": lambda: {"number": FAILED},
            "roll_back": lambda: {"alias": self.making.moved_alias()},
            "remove_alias": lambda: {"alias": self.making.moved_alias()},
        }
        return found | made.get(operation_id, dict)()

    def _body(self, operation_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """What of a body must be so, for this operation to be accepted."""
        match operation_id:
            case "sign_in":
                return {"username": self.making.owner, "password": self.people.password}
            case "sign_up":
                return {"username": f"new-{self.making.count()}", "password": "a long word", **self._invited()}
            case "change_password":
                return {"old_password": self.people.password, "new_password": self.people.password}
            case "create_account":
                return {"username": f"made-{self.making.count()}"}
            case "deploy" | "set_alias" if isinstance(body.get("version"), int):
                return {"version": GOOD}
            case "push_version" if "archive" in body:
                for other in ("parts", "files", "keep", "remove", "image"):
                    body.pop(other, None)
                return {"archive": self.making.new_upload(adder.archive()), "platforms": []}
            case "edit_items":
                return {"relabel": [], "delete": [0]}
            case "import_images":
                images = self.making.new_upload(zipped(digits(3)))
                return {"uploads": [images], "urls": [], "labels": None, "split": None, "append": False}
            case "save_registry_credential":
                return {"registry": "quay.example"}
            case "give_feedback":
                return {"version": 1}
            case "set_picture":
                return {"upload": self.making.new_upload(PICTURE)}
            case "create_run":
                plain = {"parameters": {}, "inputs": {}, "resources": {}, "labels": [], "max_attempts": 1}
                return plain | {"version": None, "experiment_id": None, "keep_as": None}
            case "keep_outputs":
                return {"dataset": f"{self.making.owner}/kept"}
            case "change_experiment":
                return {"pinned": None, "name": f"changed-{self.making.count()}"}
            case "promote_output":
                return {"run": self.making.left, "paths": ["model/"], "model": f"{self.making.owner}/promoted"}
            case "create_branch":
                return {"name": f"branch-{self.making.count()}", "revision": "main"}
            case "create_commit":
                change = {"path": "note.txt", "content": "text"}
                return {"branch": "main", "base": "0" * 40, "message": "by hand", "changes": [change]}
            case "fork_repository":
                return {"name": f"fork-{self.making.count()}", "owner": self.making.owner}
            case "change_member" | "change_organisation_member":
                return {"expires_at": None}
            case "invite_member" | "invite_organisation_member":
                return {"username": None, "member_until": None}
            case "look_at_invitation_link" | "accept_invitation_link":
                return {"secret": self.making.link_of_neighbour()}
            case "create_organisation":
                return {"username": f"org-{self.making.count()}"}
            case "transfer_repository":
                return {"to": self.making.neighbour["owner"]}
            case "create_repository" if "owner" in body:
                return {"owner": self.making.owner}
        return {}

    def _invited(self) -> dict[str, str]:
        return {"invitation": self.making.new_invitation()["secret"]}


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
        heard = say_something(client, {"owner": username, "name": "adder"})
    people = People(running, username, password, token, (administrator, secret))
    people.owner_in_browser().close()
    people.signed_in(*people.administrator).close()
    left = str(leavings.leave(running, username, LEFT))
    making = Making(running, people, {"owner": neighbour, "name": "data"}, heard=heard, left=left, other=other)
    return Fuzzed(document(running.url), people, making, victim, _predict(running, token, address))


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


LEFT = {
    "a.csv": b"a,b\n1,2\n",
    "a.png": PICTURE,
    "model/modelyard.yaml": b'predict: "constant:predict"\n',
    "model/constant.py": b"def predict(x: float) -> float:\n    return x\n",
}
"""What a run left that has ended."""
