"""Trains the network on scikit-learn's digits and writes the folder to push: ``python train.py FOLDER``."""

import json
import shutil
import sys
from pathlib import Path

import torch
from net import Net
from sklearn.datasets import load_digits

HERE = Path(__file__).parent
STEPS = 60


def main(folder: Path) -> None:
    project = folder / "project"
    project.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None]
    labels = torch.tensor(digits.target)
    net = train(Net(channels=8), images[10:], labels[10:])
    torch.save(net.state_dict(), project / "weights.pt")
    for name in ("net.py", "modelyard.yaml", "requirements.txt"):
        shutil.copy(HERE / name, project)
    with torch.inference_mode():
        outputs = net.eval()(images[:10])
    expected = {"inputs": [{"image": image} for image in images[:10].tolist()], "outputs": outputs.tolist()}
    (folder / "expected.json").write_text(json.dumps(expected))


def train(net: Net, images: torch.Tensor, labels: torch.Tensor) -> Net:
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(STEPS):
        optimiser.zero_grad()
        torch.nn.functional.nll_loss(net(images).log(), labels).backward()
        optimiser.step()
    return net


if __name__ == "__main__":
    main(Path(sys.argv[1]))
