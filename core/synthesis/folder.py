"""One's own images as probes: a folder of pictures."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from core.errors import InputError
from core.students.base import Student
from core.students.files import printable
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.drawing import unaimed
from core.synthesis.progress import SHOWN, Narrator
from core.synthesis.settings import FolderConfig

FORMATS = {  # what is read, and under which endings it is looked for
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
}
LARGEST = 50_000_000  # pixels of one image


@synthesiser(FolderConfig)
def synthesise(student: Student, config: FolderConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """`n` of the folder's images, drawn at random where there are more, as the student takes them.

    Raises:
        InputError: the folder cannot be read or holds fewer than `n` images, or an image is broken or too large.
    """
    paths = image_files(config.path)
    if len(paths) < n:
        wish = "" if config.selection.rule == "none" else f", {config.selection.pool_factor} to choose each from"
        raise InputError(
            f"the folder {printable(config.path.name)} holds too few images",
            rule=f"at least {n} of {', '.join(FORMATS)}{wish}",
            actual=str(len(paths)),
            remedy="add images, ask for fewer probes, or choose among fewer",
        )
    narrator, images = Narrator(student, 0, tell), []
    for index in torch.randperm(len(paths), generator=generator)[:n].tolist():
        images.append(read_image(paths[index], student.shape))
        narrator.sheet(lambda: unaimed(np.stack(images[:SHOWN])))
    return unaimed(np.stack(images))


def image_files(folder: Path) -> list[Path]:
    """The images directly in `folder`, by name; raises `InputError` where that is no readable folder."""
    endings = {ending for endings in FORMATS.values() for ending in endings}
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in endings and path.is_file())
    except OSError as error:
        raise InputError(
            f"the folder {printable(folder.name)} cannot be read",
            actual=error.strerror or type(error).__name__,
            remedy="check its path and its permissions",
        ) from error


def read_image(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """An image file as uint8 `shape` (C, H, W): upright, its middle cut to the proportions and resized, on white.

    Raises:
        InputError: no image, a broken one, or one of too many pixels, which is not unpacked.
    """
    channels, height, width = shape
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=list(FORMATS)) as image:
            if image.width * image.height > LARGEST:
                raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
            image.draft(None, (2 * width, 2 * height))  # a large JPEG need not be decoded at full size
            upright = ImageOps.exif_transpose(_eight_bits(image))
            fitted = ImageOps.fit(_on_white(upright), (width, height), Image.Resampling.BICUBIC)
            pixels = np.asarray(fitted.convert("L" if channels == 1 else "RGB"))
    except Image.DecompressionBombError as error:
        rule, remedy = f"at most {LARGEST:,} pixels", "reduce it or take it out of the folder"
        raise InputError(
            f"the image {printable(path.name)} is too large", rule=rule, actual=str(error), remedy=remedy
        ) from error
    except Exception as error:  # a broken file makes Pillow raise almost anything
        raise InputError(
            f"the image {printable(path.name)} cannot be read",
            actual=type(error).__name__,
            remedy="mend it or take it out of the folder",
        ) from error
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts off what does not fit into 8 bits, where it should be scaled."""
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range")
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white.convert("RGB")
