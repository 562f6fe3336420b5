"""What can go wrong with packed datasets."""

from modelyard.kit.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable


class PackUnreadable(Invalid):
    """Not an archive that is read here, or nothing in it can be used."""

    code = "pack_unreadable"
    title = "There are no images in it that can be used"


class ItemsBad(Invalid):
    """Some files are no good images, and the import was to fail then."""

    code = "items_bad"
    title = "Some files cannot be used"


class TooManyItems(TooLarge):
    code = "too_many_items"
    title = "The dataset has too many images"


class LabelsUnreadable(Invalid):
    code = "labels_unreadable"
    title = "The labels cannot be read"


class TableRefused(Invalid):
    """A table that was to be imported cannot be read, or not be where it was put. Says the file, and the line."""

    code = "table_refused"
    title = "A table cannot be imported"


class NotPacked(Conflict):
    """The repository's newest version is no dataset of images that could be added to or erased from."""

    code = "not_packed"
    title = "This version is no dataset of packed images"


class ItemMissing(NotFound):
    code = "item_missing"
    title = "There is no such image"


class ImportBroken(Unavailable):
    """The process that reads archives ended or was too slow."""

    code = "import_broken"
    title = "The archive could not be read to its end"


class AddressRefused(Invalid):
    """An address that nobody but the operator may have the server call."""

    code = "import_address_refused"
    title = "This server does not fetch from there"


class AddressUnavailable(Invalid):
    code = "import_address_unavailable"
    title = "The file could not be fetched"
