"""Layers of wheels: one per wheel, kept by the wheel's hash, and merged ones for the small wheels of an image."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain

from modelyard.rooms.images import rules
from modelyard.rooms.images.bases import interpreter_for
from modelyard.rooms.images.bytecode import Interpreter
from modelyard.rooms.images.layers import stored_entries
from modelyard.rooms.images.schemas import BaseImage, LayerRef, Wheel
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.wheels import WHEEL_FORMAT, Layout, wheel_entries

FETCHES = 6
"""How many wheels are fetched at a time."""
MERGE_FORMAT = 1


def layers_of_wheels(
    wheels: Sequence[Wheel],
    base: BaseImage,
    layout: Layout,
    *,
    supplies: Supplies,
    budget: int,
    on_text: Callable[[str], None],
) -> list[LayerRef]:
    """At most ``budget`` layers with all these wheels installed; known ones are not fetched or unpacked again.

    ``on_text`` hears of progress, such as ``3 of 12 wheels, 40 MB``. Raises ``WheelRefused``, ``IndexUnavailable``.
    """
    made = _single_layers(wheels, base, layout, supplies, on_text)
    groups = rules.plan_layers([rules.SizedWheel(name, layer.size) for name, layer in made.items()], budget=budget)
    return [_merged([made[name] for name in group], supplies) for group in groups]


def _single_layers(
    wheels: Sequence[Wheel], base: BaseImage, layout: Layout, supplies: Supplies, on_text: Callable[[str], None]
) -> dict[str, LayerRef]:
    keys = {wheel.name: _key(wheel, base, layout) for wheel in wheels}
    made = {name: layer for name, key in keys.items() if (layer := supplies.cache.get(key))}
    missing = [wheel for wheel in wheels if wheel.name not in made]
    if missing:
        on_text(f"{len(missing)} of {len(wheels)} wheels are new here")
        interpreter = interpreter_for(base, supplies=supplies)
        tally = _Tally(len(missing), on_text)
        with ThreadPoolExecutor(max_workers=FETCHES) as pool:
            make = partial(_make, layout=layout, interpreter=interpreter, supplies=supplies, tally=tally)
            futures = {wheel.name: pool.submit(make, wheel, keys[wheel.name]) for wheel in missing}
            try:
                made |= {name: future.result() for name, future in futures.items()}
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return made


def _key(wheel: Wheel, base: BaseImage, layout: Layout) -> str:
    return rules.cache_key(
        "wheel", WHEEL_FORMAT, wheel.sha256, base.python_version, layout.site, layout.prefix, layout.interpreter
    )


def _make(
    wheel: Wheel, key: str, *, layout: Layout, interpreter: Interpreter, supplies: Supplies, tally: "_Tally"
) -> LayerRef:
    with supplies.cache.workspace() as workspace:
        file = workspace / wheel.filename
        supplies.wheels.fetch(wheel, file, on_bytes=tally.add_bytes)
        title = f"{wheel.name} {wheel.version}"
        layer = supplies.cache.make(key, title, lambda: wheel_entries(file, layout, interpreter))
    tally.add_wheel()
    return layer


def _merged(layers: Sequence[LayerRef], supplies: Supplies) -> LayerRef:
    """One layer with the files of all; of two files with one path the later layer's wins."""
    if len(layers) == 1:
        return layers[0]
    key = rules.cache_key("merged", MERGE_FORMAT, [layer.digest for layer in layers])
    title = f"{len(layers)} small wheels"
    return supplies.cache.make(
        key, title, lambda: chain.from_iterable(stored_entries(supplies.blobs, layer) for layer in layers)
    )


@dataclass
class _Tally:
    """Counts what several threads have fetched and made, and tells."""

    total: int
    on_text: Callable[[str], None]
    wheels: int = 0
    size: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._told = 0

    def add_bytes(self, count: int) -> None:
        with self._lock:
            self.size += count
            if self.size - self._told >= 4_000_000:
                self._tell()

    def add_wheel(self) -> None:
        with self._lock:
            self.wheels += 1
            self._tell()

    def _tell(self) -> None:
        self._told = self.size
        self.on_text(f"{self.wheels} of {self.total} wheels, {rules.human_size(self.size)}")
