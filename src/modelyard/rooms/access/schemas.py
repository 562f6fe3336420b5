"""The words of access that other rooms use."""

from enum import StrEnum


class Visibility(StrEnum):
    """Who may read a repository besides its owner and administrators."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"
