"""More images of the ones there are: turned, mirrored, brighter, darker, noisy."""

from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from pydantic import Field

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def augment(
    images: Path,
    output: Path,
    *,
    copies: Annotated[int, Field(ge=1, le=100)] = 4,
    flip: bool = True,
    rotate: Annotated[float, Field(ge=0, le=180)] = 15,
    brightness: Annotated[float, Field(ge=0, le=0.9)] = 0.2,
    noise: Annotated[float, Field(ge=0, le=100)] = 5,
    keep: bool = True,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
) -> dict:
    """Makes altered copies of images. The same images, parameters and seed give the same bytes.

    Args:
        images: Images, also in folders, which stay as they are: a folder may be a label.
        copies: How many are made of each image.
        flip: Mirror left and right, one time in two.
        rotate: Turn by so many degrees at most, either way.
        brightness: Change brightness by this share at most, either way.
        noise: Add normal noise of this standard deviation, in levels of 0 to 255.
        keep: Keep the images themselves too.
        seed: Another seed gives other copies.
    """
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ValueError("there are no images: give PNG, JPEG, WebP, BMP or TIFF files")
    made = 0
    for number, path in enumerate(paths):
        name = path.relative_to(images)
        image = ImageOps.exif_transpose(Image.open(path))
        image = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
        if keep:
            made += save(image, output / name.with_suffix(".png"))
        for copy in range(copies):
            dice = np.random.default_rng([seed, number, copy])
            changed = change(image, dice, flip=flip, rotate=rotate, brightness=brightness, noise=noise)
            made += save(changed, output / name.with_name(f"{name.stem}-{copy + 1}.png"))
        print(f"progress: {(number + 1) / len(paths):.4f} {number + 1} of {len(paths)} images")
    return {"images": len(paths), "made": made}


def change(
    image: Image.Image, dice: np.random.Generator, *, flip: bool, rotate: float, brightness: float, noise: float
) -> Image.Image:
    if flip and dice.random() < 0.5:
        image = ImageOps.mirror(image)
    if rotate:
        image = image.rotate(dice.uniform(-rotate, rotate), resample=Image.Resampling.BILINEAR)
    if brightness:
        image = ImageEnhance.Brightness(image).enhance(1 + dice.uniform(-brightness, brightness))
    if noise:
        levels = np.asarray(image, dtype=float) + dice.normal(0, noise, np.asarray(image).shape)
        image = Image.fromarray(levels.clip(0, 255).astype("uint8"))
    return image


def save(image: Image.Image, path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "PNG")
    return 1
