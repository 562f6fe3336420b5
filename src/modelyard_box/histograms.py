"""Counts of values by size, as Prometheus has them: each bucket is "at most this much"."""

from bisect import bisect_left


class Histogram:
    """``bounds`` are the upper ends of the buckets, rising; what is larger than the last goes beyond it."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def cumulated(self) -> list[tuple[str, int]]:
        """Each bound as text, the last ``+Inf``, and how many values were at most that."""
        found, below = [], 0
        for bound, count in zip([*map(str, self._bounds), "+Inf"], self._counts, strict=True):
            below += count
            found.append((bound, below))
        return found
