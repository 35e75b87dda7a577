"""Own images: what is read, how it is fitted, and what is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import InputError
from core.synthesis.folder import image_files, read_image
from core.synthesis.methods import make_probes
from core.synthesis.settings import FolderConfig, SelectionConfig
from tests.synthesis.conftest import untrained

GREY, COLOUR = (1, 8, 8), (3, 8, 8)
STUDENT = untrained("convnet4")


def saved(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def png(path: Path, width: int, height: int, data: bytes = b"") -> Path:
    """A file that claims a size, whatever stands in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


def test_images_of_the_right_size_come_through_unchanged(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for ending in ("png", "bmp", "tiff"):
        stored = saved(tmp_path / f"a.{ending}", pixels)
        np.testing.assert_array_equal(read_image(stored, COLOUR), pixels.transpose(2, 0, 1))
    stored = saved(tmp_path / "grey.png", pixels[..., 0])
    np.testing.assert_array_equal(read_image(stored, GREY), pixels[None, ..., 0])
    np.testing.assert_array_equal(read_image(stored, COLOUR), np.stack([pixels[..., 0]] * 3))


def test_colours_become_grey_by_their_luma(tmp_path: Path) -> None:
    red = saved(tmp_path / "red.png", np.full((8, 8, 3), (255, 0, 0), np.uint8))
    assert read_image(red, GREY).mean() == pytest.approx(0.299 * 255, abs=1)  # ITU-R 601


def test_the_middle_is_cut_to_the_students_proportions(tmp_path: Path) -> None:
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32] = 200
    found = read_image(saved(tmp_path / "wide.png", wide), COLOUR)
    assert (found[:, :, 2:-2] == 200).all() and found.min() > 180  # at the cut, resizing sees a little of what was next


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)  # hidden black
    assert read_image(saved(tmp_path / "clear.png", pixels), COLOUR).min() == 255


def test_sixteen_bits_are_scaled_and_not_cut(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", np.full((8, 8), 0x80FF, np.uint16))
    assert set(read_image(deep, GREY).ravel()) == {0x80}


def test_pictures_stand_upright(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    stored = saved(tmp_path / "turned.png", pixels, exif=exif)
    assert read_image(stored, GREY)[0, :4].max() == 0 and read_image(stored, GREY)[0, 4:].min() == 255


def test_large_jpegs_are_reduced(tmp_path: Path) -> None:
    stored = saved(tmp_path / "large.jpg", np.full((900, 700), 90, np.uint8), quality=95)
    assert np.abs(read_image(stored, GREY).astype(int) - 90).max() <= 2


def test_files_are_found_by_name_and_other_files_left_out(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpeg", "c.webp"):
        saved(tmp_path / name, np.zeros((8, 8), np.uint8))
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in image_files(tmp_path)] == ["a.jpeg", "b.PNG", "c.webp"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: png(path, 60_000, 60_000), "is too large"),
        (lambda path: png(path, 8_000, 8_000), "is too large"),
        (lambda path: png(path, 8, 8, b"nonsense"), "cannot be read"),
        (lambda path: path.write_bytes(b"not an image at all"), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n"), "cannot be read"),
        (lambda path: Image.fromarray(np.ones((8, 8), np.float32)).save(path, "TIFF"), "cannot be read"),
    ],
    ids=["bomb", "large", "broken", "text", "empty", "program", "float"],
)
def test_bad_files_are_named(tmp_path: Path, make, message: str) -> None:
    path = tmp_path / "bad\x1b.png"
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        read_image(path, GREY)
    assert "bad.png" in str(caught.value) and str(caught.value).isprintable()


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    whole = saved(tmp_path / "cut.jpg", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    whole.write_bytes(whole.read_bytes()[:-400])
    with pytest.raises(InputError, match=r"cut\.jpg cannot be read"):
        read_image(whole, COLOUR)


@pytest.mark.parametrize("path", ["missing", "file.png"])
def test_what_is_no_folder_is_refused(tmp_path: Path, path: str) -> None:
    saved(tmp_path / "file.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(InputError, match="cannot be read"):
        image_files(tmp_path / path)


def test_too_few_images_are_refused_with_what_is_needed(tmp_path: Path) -> None:
    saved(tmp_path / "only.png", np.zeros((8, 8), np.uint8))
    config = FolderConfig(path=tmp_path, selection=SelectionConfig(rule="spread", pool_factor=3))
    with pytest.raises(InputError, match="too few images") as caught:
        make_probes(STUDENT, config, 2, torch.Generator(), lambda event: None)
    assert "at least 6" in str(caught.value) and "3 to choose each from" in str(caught.value)


def test_as_many_as_there_are_are_all_used(tmp_path: Path) -> None:
    for value in range(5):
        saved(tmp_path / f"{value}.png", np.full((28, 28), value, np.uint8))
    probes = make_probes(STUDENT, FolderConfig(path=tmp_path), 5, torch.Generator(), lambda event: None)
    assert sorted(probes.images[:, 0, 0, 0]) == [0, 1, 2, 3, 4]
    assert probes.targets.shape == (5, 0)
