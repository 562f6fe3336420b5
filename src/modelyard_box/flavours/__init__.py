"""Models that come without a predict function: an adapter for each kind makes them callable.

Whatever library a model needs is the user's own, so it is imported when the model is loaded and not before.
"""

import importlib

from modelyard_box.config import BatchLimits, Box
from modelyard_box.errors import LoadError
from modelyard_box.flavours.rows import RowModel, Together
from modelyard_box.loading import Loaded

ADAPTERS = {
    **dict.fromkeys(("sklearn", "xgboost", "lightgbm", "estimator"), "estimator"),
    "onnx": "onnx",
    "torch": "torch",
    "keras": "keras",
    "mlflow": "mlflow",
}


def load_model(box: Box) -> RowModel:
    """The model that the box holds. Raises LoadError, and whatever the model's library raises unexpectedly."""
    framework = box.framework or {}
    name = str(framework.get("name"))
    if name not in ADAPTERS:
        raise LoadError(f"this box knows no framework '{name}'", field="framework")
    adapter = importlib.import_module(f"modelyard_box.flavours.{ADAPTERS[name]}")
    model: RowModel = adapter.Model(box)
    return model


def load_flavour(box: Box) -> Loaded:
    """The same, ready to be called: one row a call, and several calls together where the model allows it."""
    model = load_model(box)
    loaded = Loaded(model.predict, ())
    loaded.notes += model.notes
    if model.takes_batches:
        loaded.batch = box.batch or BatchLimits()
        loaded.batcher = Together(model)
    return loaded
