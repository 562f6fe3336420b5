"""BentoML, as its documentation would have it: ``bentoml serve bento_service:Labels``."""

import os

import bentoml
import joblib


@bentoml.service
class Labels:
    """A label for each row."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[str]:
        return self.model.predict(rows).tolist()
