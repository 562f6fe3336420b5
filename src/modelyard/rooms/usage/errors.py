"""What can go wrong with usage: quotas that are used up."""

from modelyard.kit.errors import Invalid, QuotaExceeded
from modelyard.rooms.usage.schemas import Quota


class QuotaUsedUp(QuotaExceeded):
    """What is left of the month does not suffice. ``quota`` says how much there was, is used and is left."""

    code = "quota_used_up"
    title = "The month's quota is used up"

    def __init__(self, quota: Quota, detail: str, *, remedy: str) -> None:
        super().__init__(detail, remedy=remedy)
        self.quota = quota


class StorageUsedUp(QuotaUsedUp):
    code = "storage_used_up"
    title = "The account's storage is used up"


class TooManyAtOnce(QuotaUsedUp):
    """A bound on what happens at the same time (429): it is free again as soon as something ends."""

    status = 429
    code = "too_many_at_once"
    title = "Too many at the same time"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "10"}


class PeriodInvalid(Invalid):
    code = "period_invalid"
    title = "The period is not valid"


class QuotaInvalid(Invalid):
    code = "quota_invalid"
    title = "The quota is not valid"
