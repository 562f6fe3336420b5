"""A prediction on its way through the server: what is asked, and who hears the answer."""

from typing import Any, Protocol

from modelyard_box.errors import Problem


class Reply(Protocol):
    """Who waits for a job. Exactly one of ``result``, ``end``, ``invalid`` and ``fail`` is called, and last."""

    def result(self, output: bytes) -> None:
        """The output, as the worker sent it."""

    def item(self, item: bytes) -> None:
        """One more item of a stream."""

    def end(self) -> None:
        """The stream is complete."""

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        """The inputs do not convert; each error is a path from the inputs and what is wrong there."""

    def fail(self, problem: Problem) -> None:
        """There is no output, or no more of it."""


class Job:
    """One call that waits or runs. ``arrived`` is on the event loop's clock."""

    __slots__ = ("arrived", "cancelled", "number", "payload", "reply", "worker")

    def __init__(self, payload: bytes, reply: Reply, arrived: float) -> None:
        self.payload = payload
        self.reply = reply
        self.arrived = arrived
        self.number = 0
        self.cancelled = False
        self.worker: Any = None
