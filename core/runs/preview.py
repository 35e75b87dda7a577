"""The contact sheet: probes side by side with their target classes, as one small PNG."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TILE = 96  # pixels of a picture's height, about
COLUMNS = 6
CAPTION, LINE = 24, 16  # one line beneath a picture, and another
GAP = 8
INK = (128, 128, 128, 255)  # readable on light and on dark


def contact_sheet(images: np.ndarray, labels: tuple[str, ...]) -> bytes:
    """PNG of uint8 images `(N, C, H, W)`, each with its label."""
    tiles = [probe_image(image, TILE) for image in images]
    width, height = tiles[0].size
    rows = -(-len(tiles) // COLUMNS)
    captions = [label.replace(" + ", "\n+ ", 1).splitlines()[:2] for label in labels]
    below = CAPTION + LINE * (max(map(len, captions)) > 1)
    size = (COLUMNS * (width + GAP) - GAP, rows * (height + below))
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for index, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        left, top = index % COLUMNS * (width + GAP), index // COLUMNS * (height + below)
        sheet.paste(tile, (left, top))
        for line, text in enumerate(caption):
            place = (left + width / 2, top + height + 3 + line * LINE)
            draw.text(place, _fitting(text, width, font), INK, font, anchor="ma")
    return png(sheet)


def probe_image(image: np.ndarray, height: int) -> Image.Image:
    """One uint8 probe `(C, H, W)`, C 1 or 3, as a picture of about `height` pixels: enlarged by a whole factor without
    smoothing, or reduced by averaging."""
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    if picture.height > height:
        return picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.BOX)
    scale = height // picture.height
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
