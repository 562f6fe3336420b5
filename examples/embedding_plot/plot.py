"""Shows many-dimensional data in the plane, by PCA and t-SNE."""

import html
from pathlib import Path
from typing import Annotated

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image
from pydantic import Field
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
WAYS = ("PCA", "t-SNE")


def plot(
    output: Path,
    table: pd.DataFrame | None = None,
    images: Path | None = None,
    *,
    label: str | None = None,
    size: Annotated[int, Field(ge=4, le=256)] = 16,
    perplexity: Annotated[float, Field(gt=1, le=200)] = 30,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
) -> dict:
    """Draws a table's rows, or images, as points in the plane: alike is near.

    Args:
        table: A table; its columns of numbers are used.
        images: Images; the folder of each is its label.
        label: The table's column that colours the points.
        size: Images are made this many pixels wide and high first.
        perplexity: How many neighbours t-SNE looks at; fewer where there are few points.
        seed: Another seed gives another t-SNE.
    """
    if (table is None) == (images is None):
        raise ValueError("give either a table or images")
    points, labels, names = of_table(table, label) if table is not None else of_images(images, size)
    if len(points) < 4:
        raise ValueError(f"there are {len(points)} points, and at least 4 are needed")
    scaled = StandardScaler().fit_transform(points)
    pca = PCA(n_components=2, random_state=seed).fit(scaled)
    print("progress: 0.3 t-SNE")
    perplexity = min(perplexity, (len(points) - 1) / 3)
    spread = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(scaled)
    places = {"PCA": pca.transform(scaled), "t-SNE": spread}
    print("progress: 0.8 drawing")
    write_table(output / "points.csv", places, labels, names)
    draw(output / "embedding.png", places, labels)
    write_page(output / "embedding.html", places, labels, names)
    explained = [round(float(share), 6) for share in pca.explained_variance_ratio_]
    return {"points": len(points), "dimensions": points.shape[1], "explained_variance": explained}


def of_table(table: pd.DataFrame, label: str | None) -> tuple[np.ndarray, list[str], list[str]]:
    if label is not None and label not in table:
        raise ValueError(f"there is no column {label!r}; there are {', '.join(map(str, table))}")
    numbers = table.select_dtypes("number").drop(columns=[label] if label in table else [], errors="ignore")
    complete = numbers.dropna(axis=1, how="all").fillna(numbers.median())
    if complete.shape[1] < 2:
        raise ValueError("the table has fewer than two columns of numbers")
    labels = table[label].astype(str).tolist() if label else [""] * len(table)
    return complete.to_numpy(float), labels, [f"row {number}" for number in range(1, len(table) + 1)]


def of_images(folder: Path, size: int) -> tuple[np.ndarray, list[str], list[str]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    pixels = [np.asarray(Image.open(path).convert("L").resize((size, size)), float).ravel() for path in paths]
    labels = [path.parent.name if path.parent != folder else "" for path in paths]
    return np.array(pixels), labels, [path.relative_to(folder).as_posix() for path in paths]


def write_table(path: Path, places: dict[str, np.ndarray], labels: list[str], names: list[str]) -> None:
    columns = {f"{way.lower()}_{axis}": places[way][:, i].round(6) for way in WAYS for i, axis in enumerate("xy")}
    pd.DataFrame({"name": names, "label": labels, **columns}).to_csv(path, index=False)


def colours(labels: list[str]) -> dict[str, str]:
    """A colour for each label, in their order."""
    wheel = matplotlib.colormaps["tab20"]
    return {label: matplotlib.colors.to_hex(wheel(i % 20)) for i, label in enumerate(sorted(set(labels)))}


def draw(path: Path, places: dict[str, np.ndarray], labels: list[str]) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    known = np.array(labels)
    for axis, way in zip(axes, WAYS, strict=True):
        for label, colour in colours(labels).items():
            axis.scatter(*places[way][known == label].T, s=12, color=colour, label=label)
        axis.set_title(way)
    if 1 < len(set(labels)) <= 20:
        axes[1].legend(loc="best", fontsize="small")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def write_page(path: Path, places: dict[str, np.ndarray], labels: list[str], names: list[str]) -> None:
    """A page without scripts: each point says what it is when the pointer rests on it."""
    parts = ["<!doctype html><meta charset=utf-8><title>Embedding</title><style>svg{width:48%;min-width:320px}</style>"]
    tones = colours(labels)
    for way in WAYS:
        low, high = places[way].min(axis=0), places[way].max(axis=0)
        scaled = 10 + 480 * (places[way] - low) / np.where(high > low, high - low, 1)
        parts.append(f'<svg viewBox="0 0 500 530" role="img" aria-label="{way}"><text x="10" y="525">{way}</text>')
        for (x, y), label, name in zip(scaled, labels, names, strict=True):
            said = html.escape(f"{name} {label}".strip())
            circle = f'<circle cx="{x:.1f}" cy="{500 - y:.1f}" r="4" fill="{tones[label]}">'
            parts.append(f"{circle}<title>{said}</title></circle>")
        parts.append("</svg>")
    path.write_text("\n".join(parts), encoding="utf-8")
