"""The contact sheet: crisp enlargements in rows of six, labels that fit, one PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.runs.preview import CAPTION, COLUMNS, GAP, LINE, TILE, contact_sheet, probe_image


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (6, 1), (7, 2), (24, 4)])
def test_rows_of_six(n: int, rows: int) -> None:
    sheet = opened(contact_sheet(np.zeros((n, 1, 28, 28), np.uint8), ("Coat",) * n))
    tile = 28 * 3
    assert sheet.size == (COLUMNS * (tile + GAP) - GAP, rows * (tile + CAPTION))


def test_two_classes_stand_one_below_the_other() -> None:
    images = np.zeros((2, 1, 28, 28), np.uint8)
    one, two = (opened(contact_sheet(images, (label, "Bag"))) for label in ("Coat", "T-shirt/top + Sneaker"))
    assert two.height == one.height + LINE
    ink = np.asarray(two)[84 + CAPTION :, :, 3]  # of the second lines
    assert ink[:, :84].any() and not ink[:, 84:].any()


def test_pixels_are_enlarged_without_smoothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    picture = np.asarray(probe_image(image, 90))
    np.testing.assert_array_equal(picture, np.kron(image.transpose(1, 2, 0), np.ones((3, 3, 1), np.uint8)))


def test_a_label_without_end_is_cut_before_it_is_measured() -> None:
    images = np.zeros((1, 1, 28, 28), np.uint8)
    assert contact_sheet(images, ("W" * 2_000_000,)) == contact_sheet(images, ("W" * 1000,))


def test_large_probes_are_reduced_and_long_labels_stay_inside() -> None:
    images = np.full((2, 3, 224, 224), 255, np.uint8)
    sheet = opened(contact_sheet(images, ("a label that is much longer than its picture is wide " * 3, "")))
    assert sheet.width == COLUMNS * (TILE + GAP) - GAP
    alpha = np.asarray(sheet)[..., 3]
    assert alpha[TILE + 1 :, :TILE].any()  # the first label
    assert not alpha[:, TILE + 1 : TILE + GAP - 1].any()  # the gap between the pictures
