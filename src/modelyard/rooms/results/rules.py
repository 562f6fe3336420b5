"""Pure decisions on results: what a filter says."""

from pydantic import TypeAdapter, ValidationError

from modelyard.rooms.results.errors import FilterInvalid
from modelyard.rooms.results.schemas import TableFilter

MAX_FILTERS = 50
FILTERS = TypeAdapter(tuple[TableFilter, ...])


def parse_filters(text: str) -> tuple[TableFilter, ...]:
    """The filters of a request, a JSON array. Raises ``FilterInvalid``, which names the field."""
    try:
        filters = FILTERS.validate_json(text)
    except ValidationError as e:
        first = e.errors()[0]
        field = ".".join(["filter", *(str(part) for part in first["loc"][:2])])
        raise FilterInvalid(first["msg"], remedy="See the API's description of `filter`.", field=field) from e
    if len(filters) > MAX_FILTERS:
        raise FilterInvalid(
            f"These are {len(filters)}; {MAX_FILTERS} are allowed.", remedy="Use fewer.", field="filter"
        )
    return filters
