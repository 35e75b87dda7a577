"""Pixels as a server's model expects them: their range or normalisation, and the order of their axes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.config import Layout, PixelRange

Shape = tuple[int, int, int]  # (C, H, W)

VALUE_BYTES = 16  # of JSON that a pixel takes at most
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in [0, 1], by torchvision
_NORMALISATIONS: dict[PixelRange, tuple[tuple[float, ...], tuple[float, ...]]] = {  # mean and sd, one or one a channel
    "unit": ((0.0,), (1.0,)),
    "signed": ((0.5,), (0.5,)),
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "bytes": ((0.0,), (1 / 255,)),
}


def in_layout(shape: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
    """`(..., C, H, W)` in the order that is sent.

    >>> in_layout((8, 3, 32, 64), "channels_last")
    (8, 32, 64, 3)
    """
    return shape if layout == "channels_first" else (*shape[:-3], *shape[-2:], shape[-3])


def json_data(images: np.ndarray, pixels: PixelRange, layout: Layout) -> bytes:
    """The numbers of uint8 images `(N, C, H, W)`, comma-separated, as JSON has them between brackets.

    They are put together from the 256 texts a channel that there are: a JSON encoder takes several times as long.

    Raises:
        ValueError: `pixels` is for colour, and the images have another number of channels.
    """
    channels = images.shape[1]
    texts = _texts(pixels, channels)[np.arange(channels)[:, None, None], images]
    if layout == "channels_last":
        texts = texts.transpose(0, 2, 3, 1)
    return b",".join(texts.ravel().tolist())


@lru_cache
def _texts(pixels: PixelRange, channels: int) -> np.ndarray:
    """The shortest decimals that are exactly each pixel value as float32, by channel, `(C, 256)`."""
    mean, sd = (np.array(values)[:, None] for values in _NORMALISATIONS[pixels])
    rows = np.broadcast_to((np.arange(256) / 255 - mean) / sd, (channels, 256))
    texts = np.empty(rows.shape, dtype=object)
    for index, value in np.ndenumerate(rows.astype(np.float32)):
        texts[index] = f"{value:.9g}".encode()
    return texts
