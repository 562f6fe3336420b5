"""Recognises handwritten digits in 8×8 grey images."""

from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le, Len

Pixel = Annotated[float, Ge(0), Le(16)]
Row = Annotated[list[Pixel], Len(8, 8)]


def predict(model: Any, image: Annotated[list[Row], Len(8, 8)]) -> dict[str, float]:
    """Says how probable each digit is.

    Args:
        image: The drawing: 8 rows of 8 pixels, 0 is empty paper and 16 full ink.
    """
    pixels = np.asarray(image, dtype=float).reshape(1, 64)
    probabilities = model.predict_proba(pixels)[0]
    return {str(digit): float(p) for digit, p in zip(model.classes_, probabilities, strict=True)}
