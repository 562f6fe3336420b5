"""A prediction on its way through the server: what is asked, and who hears the answer."""

from typing import Any, Protocol

from modelyard_box.errors import Problem


class Reply(Protocol):
    """Who waits for a job. Exactly one of ``result``, ``end``, ``invalid`` and ``fail`` is called, and last."""

    def result(self, output: Any) -> None:
        """The output: plain values."""

    def item(self, item: Any) -> None:
        """One more item of a stream."""

    def end(self) -> None:
        """The stream is complete."""

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        """The inputs do not convert; each error is a path from the inputs and what is wrong there."""

    def fail(self, problem: Problem) -> None:
        """There is no output, or no more of it."""


class Job:
    """One call that waits or runs. Times are on the event loop's clock; ``size`` is about that of the inputs, in bytes.

    ``group`` are the jobs that a worker was given together with this one. ``alone`` says that it must be given without
    others: it was part of a batch that did not come back. ``until`` is when its caller stops waiting, None for never.
    """

    __slots__ = (
        "alone", "arrived", "cancelled", "group", "id", "inputs", "number", "reply", "size", "timer", "until", "worker",
    )  # fmt: skip

    def __init__(self, prediction_id: str, inputs: dict[str, Any], reply: Reply, arrived: float, size: int) -> None:
        self.id = prediction_id
        self.inputs = inputs
        self.reply: Any = reply
        self.arrived = arrived
        self.size = size
        self.number = 0
        self.alone = False
        self.cancelled = False
        self.group: list[Job] = []
        self.until: float | None = None
        self.timer: Any = None
        self.worker: Any = None

    def forget_time(self) -> None:
        """From here on, how long its caller waits no longer matters."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
