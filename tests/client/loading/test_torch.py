"""PyTorch reads a dataset through its own loader, in processes that are forked and in ones that start anew."""

import json
from pathlib import Path

import pytest

from client.loading.environment import run_with_torch
from support import packs

PROGRAM = """
import json, sys
from pathlib import Path
import numpy, torch
from torch.utils.data import DataLoader, Dataset
from modelyard_client.loading.images import ImageDataset

def to_tensor(image):
    return torch.from_numpy(numpy.array(image))

def find_pack(_digest):
    return Path(sys.argv[2])

if __name__ == "__main__":
    images = ImageDataset(Path(sys.argv[1]), find_pack, split=None, decode=True)
    data = images.torch(to_tensor)
    assert isinstance(data, Dataset)
    seen = []
    for method in ("fork", "spawn"):
        loader = DataLoader(data, batch_size=7, num_workers=2, multiprocessing_context=method)
        found = [(int(image[0, 0]), int(label)) for batch, labels in loader for image, label in zip(batch, labels)]
        seen.append(found)
    print(json.dumps({"seen": seen, "classes": data.classes}))
"""


@pytest.mark.timeout(900)
def test_a_loader_with_workers_reads_every_image_once_in_order(tmp_path: Path) -> None:
    files = packs.pictures()
    index, pack = packs.write(tmp_path, packs.pack(files))
    told = json.loads(run_with_torch(PROGRAM, str(index), str(pack)))
    classes = ["cat", "dog", "owl"]
    expected = [[int(path[4:9]), classes.index(path[:3])] for path in sorted(files)]
    assert told == {"seen": [expected, expected], "classes": classes}
