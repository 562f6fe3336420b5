"""``modelyard usage``."""

import sys
from typing import Annotated, Any

import typer

from modelyard.apps.cli.options import AsJson, connected
from modelyard.apps.cli.output import print_json, print_table
from modelyard_client.answers import Quota, UsageLine, UsageReport

COLUMNS = {
    "day": ("day",),
    "kind": (),
    "repository": ("repository",),
    "version": ("repository", "version"),
    "run": ("run", "repository", "version"),
    "account": ("account",),
}


def usage(
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="The first day (UTC); else of until's month.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The last day, which counts too; else today.")
    ] = None,
    by: Annotated[str, typer.Option(help="day, kind, repository, version, run or account.")] = "kind",
    account: Annotated[str | None, typer.Option(help="For administrators: another's, or everybody's ('*').")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write a table for spreadsheets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what you used this month, or from one day to another, and what is left of your quotas."""
    asked = {"since": since, "until": until, "by": by, "account": account}
    with connected() as client:
        if csv:
            sys.stdout.write(client.read_usage_csv(**asked))
            return
        report = client.get_usage(**asked)
        if as_json:
            print_json(report)
        elif by == "kind" and since is None and until is None and account != "*":
            _show_what_is_left(report, client.list_quotas(account))
        else:
            _show(report)


def _show(report: UsageReport) -> None:
    columns = COLUMNS[report["by"]]
    rows = [
        (*(_told(line, name) for name in columns), line["kind"], _number(line["quantity"])) for line in report["items"]
    ]
    print_table((*columns, "kind", "quantity"), rows)


def _show_what_is_left(report: UsageReport, quotas: list[Quota]) -> None:
    """Each kind that was used or is bounded."""
    used = {line["kind"]: line["quantity"] for line in report["items"]}
    bounded = {quota["kind"]: quota for quota in quotas if quota["limit"] is not None}
    rows = []
    for kind in dict.fromkeys([*used, *bounded]):
        quota = bounded.get(kind)
        amount = used[kind] if kind in used else quota["used"] if quota else None
        rows.append((kind, _number(amount), _number(quota["left"] if quota else None)))
    print_table(("kind", "used", "left"), rows)


def _told(line: UsageLine, column: str) -> Any:
    value: Any = line[column]  # type: ignore[literal-required]  # a column is a key of the line
    return f"{value} (deleted)" if column == "repository" and value and line["deleted"] else value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
