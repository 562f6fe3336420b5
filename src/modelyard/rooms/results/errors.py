"""What can go wrong when results are looked at."""

from modelyard.kit.errors import Invalid, NotFound, Unavailable


class TableUnreadable(Invalid):
    """The file is no table, or one that is too much for the server."""

    code = "table_unreadable"
    title = "This file cannot be shown as a table"


class ColumnUnknown(Invalid):
    code = "column_unknown"
    title = "The table has no such column"


class FilterInvalid(Invalid):
    code = "filter_invalid"
    title = "The filter does not fit the column"


class PreviewImpossible(Invalid):
    """No small picture can be made of the file."""

    code = "preview_impossible"
    title = "This file cannot be shown as a picture"


class StillReading(Unavailable):
    """It takes longer than a request should; the work goes on (503)."""

    code = "still_reading"
    title = "The file is still being read"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class NothingLeft(NotFound):
    code = "nothing_left"
    title = "There is nothing to download"
