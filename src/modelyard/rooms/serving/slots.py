"""How many containers may stand at a time, those included that are being started or stopped."""

import asyncio

from modelyard.rooms.serving.errors import TooManyReplicas


class Slots:
    """One for each container that may stand. Belongs to one event loop; who waits first is served first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit)
        self._beyond = 0

    @property
    def full(self) -> bool:
        return self._free.locked()

    async def take_over(self) -> None:
        """For a container that stands already, also beyond the limit, which may have been lowered."""
        if self.full:
            self._beyond += 1
        else:
            await self._free.acquire()

    async def take(self, *, within: float) -> None:
        """Waits ``within`` seconds for a free one; raises ``TooManyReplicas``."""
        try:
            async with asyncio.timeout(within):
                await self._free.acquire()
        except TimeoutError as e:
            raise TooManyReplicas(f"All {self._limit} places for models are taken.", retry_after=10) from e

    def give_back(self) -> None:
        if self._beyond:
            self._beyond -= 1
        else:
            self._free.release()
