"""Runs as the API shows them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.runs import store
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Attempt, Output, Purpose, Resources, Run, RunInput, Runner, RunSummary
from modelyard.rooms.runs.tables import OutputRow, RunnerRow, RunRow

VIEWS = {
    "image": "png jpg jpeg gif webp bmp tif tiff",
    "table": "csv tsv parquet jsonl ndjson",
    "report": "html htm svg pdf",
    "json": "json",
    "text": "txt md log py yaml yml toml ini xml",
}
VIEW_OF = {suffix: view for view, suffixes in VIEWS.items() for suffix in suffixes.split()}


def present(session: Session, row: RunRow) -> Run:
    """One run with all that is known of it."""
    names = store.runner_names(session, [row.runner_id]) if row.runner_id else {}
    people = accounts.usernames(session, {row.account_id}) if row.account_id else {}
    return Run(
        **_summary(row, people.get(row.account_id) if row.account_id else None),
        repository_id=row.repository_id,
        image_digest=row.image_digest,
        parameters=row.parameters or {},
        inputs=[RunInput.model_validate(one) for one in row.inputs or ()],
        resources=Resources.model_validate(row.resources) if row.resources else None,
        labels=row.labels or [],
        priority=-row.place,
        max_attempts=row.max_attempts,
        reproduces=row.reproduces,
        keep_as=row.keep_as,
        runner=names.get(row.runner_id) if row.runner_id else None,
        isolation=row.isolation,
        result=row.result,
        cancelled=row.cancelled_at is not None,
        cpu_seconds=row.cpu_seconds,
        memory_peak_bytes=row.memory_peak_bytes,
        attempts=[Attempt.model_validate(one) for one in store.attempts(session, row.id)],
    )


def summarise(session: Session, rows: Sequence[RunRow]) -> list[RunSummary]:
    """Runs of a list."""
    people = accounts.usernames(session, {row.account_id for row in rows if row.account_id})
    return [RunSummary(**_summary(row, people.get(row.account_id) if row.account_id else None)) for row in rows]


def _summary(row: RunRow, account: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "repository": row.address,
        "version": row.version,
        "purpose": Purpose(row.purpose),
        "title": row.title,
        "account": account,
        "state": RunState(row.state),
        "attempt": row.attempt,
        "progress": row.progress,
        "progress_text": row.progress_text,
        "exit_code": row.exit_code,
        "reason": row.reason,
        "experiment_id": row.experiment_id,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
    }


def present_output(row: OutputRow) -> Output:
    """A file that a run left; how to look at it follows from its name alone."""
    suffix = row.path.rpartition("/")[2].rpartition(".")[2].casefold()
    return Output(
        path=row.path,
        size=row.size,
        digest=row.digest,
        media_type=datasets.media_type(row.path),
        view=VIEW_OF.get(suffix, "file"),
    )


def present_runner(row: RunnerRow, taken: Sequence[dict[str, Any]]) -> Runner:
    """A runner, and what the runs that it has take of it."""
    wanted = [Resources.model_validate(one) for one in taken]
    return Runner(
        id=row.id,
        name=row.name,
        labels=row.labels,
        cpus=row.cpus,
        memory_bytes=row.memory_bytes,
        gpus=row.gpus,
        isolation=row.isolation,
        running=len(wanted),
        cpus_taken=sum(one.cpus for one in wanted),
        memory_taken=sum(one.memory_bytes for one in wanted),
        created_at=row.created_at,
        seen_at=row.seen_at,
    )
