"""Images as a server's model expects them: numbers in some range, order of axes and nesting, or PNG files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image

from core.candidates import Layout, PixelRange, Scaling
from core.errors import TeacherError

Shape = tuple[int, int, int]  # (C, H, W)

VALUE_BYTES = 16  # of JSON that a pixel takes at most
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in [0, 1], by torchvision
_NORMALISATIONS: dict[PixelRange, tuple[tuple[float, ...], tuple[float, ...]]] = {  # mean and sd, one or one a channel
    "unit": ((0.0,), (1.0,)),
    "signed": ((0.5,), (0.5,)),
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "bytes": ((0.0,), (1 / 255,)),
}


def normalisation(pixels: Scaling, channels: int, *, name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and sd of each channel that make `pixels` of values in [0, 1]; raises `TeacherError`.

    >>> normalisation("signed", 1, name="suspect")
    ((0.5,), (0.5,))
    """
    mean, sd = _statistics(pixels)
    if len(mean) not in (1, channels):
        whose = "ImageNet's" if pixels == "imagenet" else "the candidate's"
        raise TeacherError(
            f"{name}: {whose} normalisation is for images of other channels",
            rule=f"{len(mean)}",
            actual=str(channels),
            remedy="choose another range of the candidate's pixels",
        )
    return (mean, sd) if len(mean) == channels else (mean * channels, sd * channels)


def resized(images: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """uint8 images `(N, C, H, W)` at another height and width, bilinear and antialiased; as they are for None."""
    if size is None or images.shape[2:] == tuple(size):
        return images
    height, width = size
    planes = images.reshape(-1, *images.shape[2:])
    found = [Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR) for plane in planes]
    return np.stack([np.asarray(plane) for plane in found]).reshape(*images.shape[:2], height, width)


def in_layout(shape: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
    """`(..., C, H, W)` in the order that is sent.

    >>> in_layout((8, 3, 32, 64), "channels_last")
    (8, 32, 64, 3)
    """
    return shape if layout == "channels_first" else (*shape[:-3], *shape[-2:], shape[-3])


def float_data(images: np.ndarray, pixels: Scaling, layout: Layout) -> np.ndarray:
    """uint8 images `(N, C, H, W)` as float32, in the layout that is sent; raises as `json_data`."""
    channels = images.shape[1]
    return _laid_out(_values(pixels, channels)[np.arange(channels)[:, None, None], images], layout)


def json_data(images: np.ndarray, pixels: Scaling, layout: Layout) -> bytes:
    """The numbers of uint8 images `(N, C, H, W)`, comma-separated, as JSON has them between brackets.

    They are put together from the 256 texts a channel that there are: a JSON encoder takes several times as long.

    Raises:
        ValueError: `pixels` is for colour, and the images have another number of channels.
    """
    return b",".join(_text_array(images, pixels, layout).ravel().tolist())


def json_nested(image: np.ndarray, pixels: Scaling, layout: Layout) -> bytes:
    """One uint8 image `(C, H, W)` as JSON lists of lists of numbers, in the layout that is sent; raises the same."""
    planes = _text_array(image[None], pixels, layout)[0].tolist()
    return _listed(_listed(_listed(row) for row in rows) for rows in planes)


def png_of(image: np.ndarray) -> bytes:
    """A uint8 image `(1 or 3, H, W)` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _listed(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _text_array(images: np.ndarray, pixels: Scaling, layout: Layout) -> np.ndarray:
    channels = images.shape[1]
    return _laid_out(_texts(pixels, channels)[np.arange(channels)[:, None, None], images], layout)


def _laid_out(images: np.ndarray, layout: Layout) -> np.ndarray:
    return images.transpose(0, 2, 3, 1) if layout == "channels_last" else images


def _statistics(pixels: Scaling) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return _NORMALISATIONS[pixels] if isinstance(pixels, str) else pixels


@lru_cache
def _values(pixels: Scaling, channels: int) -> np.ndarray:
    """What each pixel value is sent as, by channel, `(C, 256)` float32."""
    mean, sd = (np.array(values)[:, None] for values in _statistics(pixels))
    return np.broadcast_to((np.arange(256) / 255 - mean) / sd, (channels, 256)).astype(np.float32)


@lru_cache
def _texts(pixels: Scaling, channels: int) -> np.ndarray:
    """The shortest decimals that are exactly each of `_values`, `(C, 256)`."""
    values = _values(pixels, channels)
    texts = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        texts[index] = f"{value:.9g}".encode()
    return texts
