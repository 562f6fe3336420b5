"""The ports ``Tables`` and ``TableChecker`` by DuckDB, in processes of their own: a table's faults are theirs."""

from pathlib import Path

from modelyard.kit.workers import Answer, Request, Worker, WorkerFailed, WorkerLimits, WorkerPool
from modelyard.rooms.packs.errors import TableRefused
from modelyard.rooms.packs.schemas import Table, TableForm
from modelyard.rooms.results.errors import ColumnUnknown, FilterInvalid, TableUnreadable
from modelyard.rooms.results.schemas import TablePage, TableQuery, TableStatistics

WORKER = "modelyard.adapters.tables.worker"
CONVERTING = WorkerLimits(cpu_seconds=600, file_bytes=16 * 1024**3)
READING = WorkerLimits(cpu_seconds=600)
CHECKING = WorkerLimits(cpu_seconds=6 * 3600)
CONVERT_S, PAGE_S, DESCRIBE_S, CHECK_S = 900.0, 30.0, 300.0, 6 * 3600.0
SIZE = 4
TOO_MUCH = "Reading it takes more time or memory than is allowed."
CORRECT = "Correct it there and import it again, or push it as a file that nobody looks into."
DOWNLOAD = "Download the file and look at it with a program of yours."


class DuckdbTables:
    """Each file is converted by a process of its own; a converted table has one that stays while it is looked at."""

    def __init__(
        self, *, converting: WorkerLimits = CONVERTING, reading: WorkerLimits = READING, size: int = SIZE
    ) -> None:
        self._converting = converting
        self._readers = WorkerPool(WORKER, reading, size=size)

    def convert(self, file: Path, form: TableForm, target: Path) -> None:
        worker = Worker(WORKER, self._converting)
        request = {"verb": "convert", "file": str(file), "form": form.value, "target": str(target)}
        try:
            _checked(worker.ask(request, timeout=CONVERT_S))
        except WorkerFailed as e:
            raise _too_much() from e
        finally:
            worker.close()

    def check(self, table: Table) -> None:
        """See ``packs.ports.TableChecker``."""
        form = TableForm.named(table.path)
        if form is None:
            raise TableRefused(f"{table.path} is no table.", remedy="Tables are CSV, TSV, JSON lines and Parquet.")
        worker = Worker(WORKER, CHECKING)
        try:
            answer = worker.ask({"verb": "check", "file": str(table.file), "form": form.value}, timeout=CHECK_S)
        except WorkerFailed as e:
            raise TableRefused(f"{table.path}: {TOO_MUCH}", remedy=CORRECT) from e
        finally:
            worker.close()
        if "unreadable" in answer:
            line = f", line {answer['line']:,}" if answer.get("line") else ""
            raise TableRefused(f"{table.path}{line}: {answer['unreadable']}", remedy=CORRECT)

    def read_page(self, table: Path, query: TableQuery) -> TablePage:
        request = {
            "verb": "page",
            "sort": query.sort,
            "descending": query.descending,
            "filters": [one.model_dump(mode="json") for one in query.filters],
            "offset": query.offset,
            "limit": query.limit,
        }
        return TablePage.model_validate(self._ask(table, request, timeout=PAGE_S))

    def describe(self, table: Path) -> TableStatistics:
        return TableStatistics.model_validate(self._ask(table, {"verb": "describe"}, timeout=DESCRIBE_S))

    def close(self) -> None:
        """Ends the processes that wait for requests; they would end by themselves within a minute."""
        self._readers.close()

    def _ask(self, table: Path, request: Request, *, timeout: float) -> Answer:
        try:
            return _checked(self._readers.ask(str(table), request | {"table": str(table)}, timeout=timeout))
        except WorkerFailed as e:
            raise _too_much() from e


def _checked(answer: Answer) -> Answer:
    """Raises what the worker refused."""
    if "unreadable" in answer:
        raise TableUnreadable(answer["unreadable"], remedy=DOWNLOAD)
    if "column" in answer:
        raise ColumnUnknown(answer["detail"], remedy="Use one of its columns.", field=answer["column"])
    if "value" in answer:
        raise FilterInvalid(answer["detail"], remedy="Change the value or the operator.", field=answer["value"])
    return answer


def _too_much() -> TableUnreadable:
    return TableUnreadable(TOO_MUCH, remedy=DOWNLOAD)
