"""Data sets: read from files, or made from others, always in the same form."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.zoo.datasets.base import DATASETS
from core.zoo.datasets.cifar10 import load_cifar10
from core.zoo.datasets.fashion_colour import PUBLIC, load_fashion_colour, random_crops, read_photograph
from core.zoo.datasets.fashion_mnist import load_fashion_mnist


class TestFashionMnist:
    def test_reads_idx_files(self, tmp_path: Path) -> None:
        images = np.arange(3 * 28 * 28, dtype=np.uint8).reshape(3, 28, 28)
        for prefix in ("train", "t10k"):
            self.write(tmp_path / f"{prefix}-images-idx3-ubyte.gz", images)
            self.write(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", np.array([7, 0, 2], np.uint8))
        train, _ = load_fashion_mnist(tmp_path)
        assert train.labels.tolist() == [7, 0, 2]
        np.testing.assert_allclose(train.images[:, 0].numpy(), images / 255, rtol=1e-6)

    def test_a_folder_without_the_files_is_refused_with_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="dataset-fashion-mnist"):
            load_fashion_mnist(tmp_path)

    @staticmethod
    def write(path: Path, array: np.ndarray) -> None:
        header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.mark.data
@pytest.mark.parametrize("name", ["fashion_mnist", "fashion_colour"])
def test_a_data_set_is_what_it_says(name: str) -> None:
    dataset = DATASETS[name]
    train, test = dataset.load(None)
    spec = dataset.input
    assert train.images.shape[1:] == test.images.shape[1:] == (spec.channels, spec.height, spec.width)
    assert train.images.min() >= 0 and train.images.max() <= 1
    assert train.images.dtype == torch.float32 and train.labels.dtype == torch.int64
    np.testing.assert_allclose(train.images.mean((0, 2, 3)), spec.mean, atol=2e-3)
    np.testing.assert_allclose(train.images.std((0, 2, 3)), spec.std, atol=2e-3)
    assert sorted(set(train.labels.tolist())) == list(range(len(dataset.class_names)))


def small_fashion_mnist(folder: Path) -> Path:
    """Files of twelve items, white squares on black."""
    images = np.zeros((12, 28, 28), np.uint8)
    images[:, 8:20, 8:20] = 255
    for prefix in ("train", "t10k"):
        TestFashionMnist.write(folder / f"{prefix}-images-idx3-ubyte.gz", images)
        TestFashionMnist.write(folder / f"{prefix}-labels-idx1-ubyte.gz", (np.arange(12) % 10).astype(np.uint8))
    return folder


class TestFashionColour:
    def test_is_the_same_each_time_with_an_item_in_each_image(self, tmp_path: Path) -> None:
        folder = small_fashion_mnist(tmp_path)
        (train, test), (again, _) = load_fashion_colour(folder), load_fashion_colour(folder)
        assert torch.equal(train.images, again.images)
        assert train.labels.tolist() == test.labels.tolist() == [number % 10 for number in range(12)]
        middles = train.images[:, :, 14:18, 14:18]  # inside the square wherever it was moved
        assert middles.flatten(2).std(dim=2).max() < 1e-5, "an item has one tint"
        assert middles.mean((2, 3)).std(dim=0).min() > 0.05, "and another than its neighbour"
        assert train.images[:, :, :2].std() > 0.05, "a photograph is behind it"

    def test_crops_are_parts_of_the_photograph(self) -> None:
        photograph = torch.linspace(0.2, 0.8, 300)[None, None].expand(3, 250, 300)
        crops = random_crops([photograph], 40, torch.Generator().manual_seed(0))
        assert crops.shape == (40, 3, 32, 32)
        assert crops.min() > 0.19 and crops.max() < 0.81, "nothing from beyond the edge"
        assert crops.std(dim=2).max() < 1e-3, "the photograph is constant from top to bottom"
        assert (crops[:, 0, 0, -1] < crops[:, 0, 0, 0]).any(), "some are mirrored"

    @pytest.mark.parametrize("where", PUBLIC)
    def test_photographs_are_there(self, where: tuple[str, str]) -> None:
        photograph = read_photograph(*where)
        assert photograph.shape[0] == 3 and min(photograph.shape[1:]) >= 250
        assert 0 <= photograph.min() < photograph.max() <= 1

    @pytest.mark.parametrize("where", [("skimage.data", "nothing.png"), ("no_such_package", "coffee.png")])
    def test_a_missing_photograph_says_what_to_install(self, where: tuple[str, str]) -> None:
        with pytest.raises(InputError, match=r"photograph .* is not installed"):
            read_photograph(*where)


def test_cifar10_is_refused_where_it_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="CIFAR-10 is not in"):
        load_cifar10(tmp_path)


def test_cifar10_is_read_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)  # these files are smaller than the real ones
    monkeypatch.setattr(CIFAR10, "_load_meta", lambda self: None)
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    pixels = np.arange(2 * 3 * 32 * 32, dtype=np.uint32).reshape(2, -1) % 251
    for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list):
        (folder / name).write_bytes(pickle.dumps({"data": pixels.astype(np.uint8), "labels": [7, 2]}))
    train, test = load_cifar10(tmp_path)
    assert train.labels.tolist() == [7, 2] * 5 and test.labels.tolist() == [7, 2]
    np.testing.assert_allclose(test.images.flatten(1).numpy(), pixels / 255, rtol=1e-6)
