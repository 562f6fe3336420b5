"""What can go wrong when data is looked at and edited."""

from modelyard.kit.errors import Conflict, Invalid, NotFound


class ItemsMissing(NotFound):
    """The version holds files, but no index of items."""

    code = "items_missing"
    title = "This version has no items to look at"


class ItemMissing(NotFound):
    code = "item_missing"
    title = "The version has no such item"


class EditInvalid(Invalid):
    """An edit that names what is not there, or changes nothing."""

    code = "edit_invalid"
    title = "The data cannot be changed so"


class EditOutdated(Conflict):
    """The version is not the newest state of the dataset."""

    code = "edit_outdated"
    title = "The dataset has changed meanwhile"
