"""Pickles of real estimators that say they were made with another scikit-learn."""

import pickle
from typing import Any

import sklearn


def made_with(model: Any, version: str) -> bytes:
    """The pickle of ``model`` as if scikit-learn ``version`` had written it."""
    state = pickle.dumps(model, protocol=2)  # later protocols have frames, whose lengths would have to be kept right
    assert _text(sklearn.__version__) in state
    return state.replace(_text(sklearn.__version__), _text(version))


def _text(value: str) -> bytes:
    """As protocol 2 writes it."""
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data
