"""A plain FastAPI endpoint, as its tutorial would write it: ``uvicorn plain_fastapi:app``."""

import os

import joblib
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["MODEL"])
app = FastAPI()


class Rows(BaseModel):
    """Rows of features."""

    rows: list[list[float]]


@app.post("/predict")
def predict(inputs: Rows) -> dict[str, list[str]]:
    """A label for each row."""
    return {"output": model.predict(inputs.rows).tolist()}
