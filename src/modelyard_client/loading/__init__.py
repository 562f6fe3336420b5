"""Versions of datasets as data: images by their index, tables by their columns.

for item in load_dataset("ada/flowers@v3", split="train"):
    item.image, item.label, item.path
"""

from modelyard_client.loading.images import ImageDataset, Item
from modelyard_client.loading.opening import load_dataset
from modelyard_client.loading.tables import TableDataset

__all__ = ["ImageDataset", "Item", "TableDataset", "load_dataset"]
