"""What the usage room is told by the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.rooms.usage.schemas import QuotaKind


@dataclass(frozen=True, slots=True)
class UsageOptions:
    """``quotas``: what every account may use that has none of its own; what is missing there is without bound."""

    quotas: Mapping[QuotaKind, float] = field(default_factory=dict)
