"""A client of a Modelyard server: push a model, follow its build, deploy it, predict, run. Knows nothing of its code.

with Client("http://localhost:8080", token="my_token_…") as client:
    version = client.push_archive("ada/digits", Path("model.zip"))
    for event in client.follow_build("ada/digits", version["number"]):
        print(event)
    client.deploy("ada/digits", version=version["number"])
    print(client.predict("ada/digits", {"image": [[0.0] * 8] * 8}).output)
    run = client.run("ada/rotate", parameters={"angle": 90}, inputs={"images": "ada/photos@v2"}, wait=True)
    client.runs.download(run["id"], Path("rotated"))

for item in load_dataset("ada/photos@v2", split="train"):
    print(item.path, item.label, item.image)
"""

from modelyard_client.client import Client, Prediction
from modelyard_client.errors import (
    ClientError,
    Missing,
    NotAllowed,
    NotSignedIn,
    Refused,
    ServerFailed,
    Unreachable,
)
from modelyard_client.loading import ImageDataset, TableDataset, load_dataset

__all__ = [
    "Client",
    "ClientError",
    "ImageDataset",
    "Missing",
    "NotAllowed",
    "NotSignedIn",
    "Prediction",
    "Refused",
    "ServerFailed",
    "TableDataset",
    "Unreachable",
    "load_dataset",
]
