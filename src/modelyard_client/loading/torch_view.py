"""The images of a dataset for PyTorch; imported only where somebody asks for it."""

from typing import Any

from torch.utils.data import Dataset

from modelyard_client.loading.images import ImageDataset, Transform


class TorchImages(Dataset[tuple[Any, int]]):
    """(image, number of its label), -1 for none. Pickles for the workers of a ``DataLoader``."""

    def __init__(self, images: ImageDataset, transform: Transform | None) -> None:
        self.images = images
        self.transform = transform

    @property
    def classes(self) -> tuple[str, ...]:
        return self.images.classes

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        image = self.images.read(row)
        return (self.transform(image) if self.transform else image), self.images.numbers[row]
