"""Pure decisions on results: which files are tables."""

from modelyard.rooms.results.schemas import TableForm

FORMS = {
    "csv": TableForm.CSV,
    "tsv": TableForm.TSV,
    "tab": TableForm.TSV,
    "parquet": TableForm.PARQUET,
    "jsonl": TableForm.JSON_LINES,
    "ndjson": TableForm.JSON_LINES,
}


def table_form(path: str) -> TableForm | None:
    """By the name alone; None for what is no table."""
    return FORMS.get(path.rpartition("/")[2].rpartition(".")[2].casefold())
