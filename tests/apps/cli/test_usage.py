"""What was used, on the command line."""

import csv
import io
from datetime import UTC, datetime

from apps.cli.shell import Shell
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import QuotaKind, UsageKind
from rooms.usage.ledgers import entry
from support import server


def use(creator: Shell) -> str:
    """Records that the creator used something, with a quota; returns their name."""
    running = server.shared()
    with running.client(creator.variables["MODELYARD_TOKEN"]) as client:
        name: str = client.get("/api/v1/session").json()["account"]["username"]
    database = Database(running.database_url)
    with database.write() as session:
        account_id = accounts.find_account_id(session, name)
        assert account_id is not None
        now = datetime.now(UTC)
        usage.record(session, entry(account_id, f"cli:{name}:1", 2.5, at=now))
        usage.record(session, entry(account_id, f"cli:{name}:2", 3.0, at=now, kind=UsageKind.PREDICTIONS))
        usage.set_quotas(session, account_id, {QuotaKind.CPU_SECONDS: 10.0})
    database.close()
    return name


def test_what_was_used_and_is_left(creator: Shell) -> None:
    assert creator.ok("usage") == ""
    name = use(creator)
    assert creator.ok("usage").splitlines() == ["cpu_seconds\t2.5\t7.5", "predictions\t3\t"]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert creator.ok("usage", "--by", "day").splitlines()[0] == f"{today}\tcpu_seconds\t2.5"
    assert creator.json("usage")["account"] == name
    rows = list(csv.DictReader(io.StringIO(creator.ok("usage", "--csv", "--since", today, "--until", today))))
    assert [(row["kind"], row["quantity"]) for row in rows] == [("cpu_seconds", "2.5"), ("predictions", "3")]


def test_what_cannot_be_shown(creator: Shell) -> None:
    assert "since" in creator.fails(1, "usage", "--since", "yesterday")
    assert "administrators" in creator.fails(6, "usage", "--account", "somebody-else")
