"""What can go wrong when data is looked at."""

from modelyard.kit.errors import NotFound


class ItemsMissing(NotFound):
    """The version holds files, but no index of items."""

    code = "items_missing"
    title = "This version has no items to look at"
