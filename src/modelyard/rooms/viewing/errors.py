"""What can go wrong when data is looked at."""

from modelyard.kit.errors import Conflict, NotFound


class ItemsMissing(NotFound):
    """The version holds files, but no index of items."""

    code = "items_missing"
    title = "This version has no items to look at"


class ItemBroken(Conflict):
    """The archive held no whole file there when it was imported, as its row says."""

    code = "item_broken"
    title = "The archive was damaged at this item"
