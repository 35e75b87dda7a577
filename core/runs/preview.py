"""The contact sheet: probes side by side with their target classes, as one small PNG."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TILE = 96  # pixels, at least
COLUMNS = 8
CAPTION = 22
GAP = 8
INK = (128, 128, 128, 255)  # readable on light and on dark


def contact_sheet(images: np.ndarray, labels: tuple[str, ...]) -> bytes:
    """PNG of uint8 images `(N, C, H, W)`, each enlarged by a whole factor without smoothing, with its label."""
    scale = max(1, round(TILE / images.shape[2]))
    tiles = [probe_image(image, scale) for image in images]
    width, height = tiles[0].size
    rows = -(-len(tiles) // COLUMNS)
    size = (COLUMNS * (width + GAP) - GAP, rows * (height + CAPTION))
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for index, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        left, top = index % COLUMNS * (width + GAP), index // COLUMNS * (height + CAPTION)
        sheet.paste(tile, (left, top))
        draw.text((left + width / 2, top + height + 3), _fitting(label, width, font), INK, font, anchor="ma")
    return png(sheet)


def probe_image(image: np.ndarray, scale: int) -> Image.Image:
    """One uint8 probe `(C, H, W)`, C 1 or 3, as a picture enlarged `scale` times by nearest neighbour."""
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def png(picture: Image.Image) -> bytes:
    """The picture as bytes of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def data_uri(picture: bytes) -> str:
    """A PNG as an address that carries it: no file that a server may have forgotten by the time it is asked for."""
    return f"data:image/png;base64,{b64encode(picture).decode()}"


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """`text`, cut with an ellipsis where it is wider than `width` pixels."""
    text = text[:width]  # no character is narrower than a pixel, and measuring takes time for each
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
