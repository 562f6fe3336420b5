"""How often somebody may try to sign in: moving windows per address, per name from one address, and per name.

A name has a strict bound for each address and a loose one for all together, so that guessing from elsewhere does not
lock its owner out.
"""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from modelyard.rooms.accounts.errors import TooManySignIns


class SignInThrottle:
    """Counts attempts in this process's memory; thread-safe. One per process, provided to the routes."""

    def __init__(
        self,
        *,
        per_address: str = "100 per 5 minutes",
        per_username: str = "10 per 5 minutes",
        anywhere: str = "200 per 5 minutes",
    ) -> None:
        self._per_address = parse(per_address)
        self._per_username = parse(per_username)
        self._anywhere = parse(anywhere)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, *, address: str, username: str) -> None:
        """Counts one attempt before the password is looked at; raises ``TooManySignIns`` when it is one too many.

        The name counts whether or not it exists, and each is counted first: parallel guesses gain nothing.
        """
        self._hit(self._per_address, "address", address)
        self._hit(self._per_username, "username", username, address)
        self._hit(self._anywhere, "anywhere", username)

    def forget(self, *, address: str, username: str) -> None:
        """Starts the name's counts again, after its password was right."""
        self._limiter.clear(self._per_username, "username", username, address)
        self._limiter.clear(self._anywhere, "anywhere", username)

    def _hit(self, item: RateLimitItem, *key: str) -> None:
        if self._limiter.hit(item, *key):
            return
        reset = self._limiter.get_window_stats(item, *key).reset_time
        raise TooManySignIns("Too many attempts to sign in.", retry_after=max(1, math.ceil(reset - time.time())))
