"""Baselines, targets, quantisation and the probes' own check."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.config import InputSpec
from core.synthesis.base import Probes, pixels, quantise, target_label
from core.synthesis.baselines import BASELINES, baseline_probes
from core.synthesis.check import check_probes
from core.synthesis.generator import class_mixes

GREY = InputSpec(channels=1, height=28, width=28, mean=(0.3,), std=(0.35,))
COLOUR = InputSpec(channels=3, height=30, width=33, mean=(0.5,) * 3, std=(0.2,) * 3)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("shape", [GREY, COLOUR], ids=["grey", "colour"])
def test_baselines_are_images_that_their_seed_decides(name: str, shape: InputSpec) -> None:
    probes = baseline_probes(name, 9, shape, seeded())
    assert probes.images.dtype == np.uint8
    assert probes.images.shape == (9, shape.channels, shape.height, shape.width)
    assert probes.targets.shape == (9, 0)
    np.testing.assert_array_equal(probes.images, baseline_probes(name, 9, shape, seeded()).images)
    assert (probes.images != baseline_probes(name, 9, shape, seeded(1)).images).any()


def test_pyramids_are_smooth_and_noise_is_not() -> None:
    def neighbours(name: str) -> float:
        images = baseline_probes(name, 50, GREY, seeded()).images.astype(float)
        return np.corrcoef(images[..., :-1].ravel(), images[..., 1:].ravel())[0, 1]

    assert neighbours("pyramids") > 0.8
    assert abs(neighbours("white_noise")) < 0.05


def test_quantising_clamps_and_rounds() -> None:
    images = torch.tensor([-0.2, 0.0, 0.5, 0.999, 1.0, 7.0]).view(1, 1, 1, 6)
    assert quantise(images).ravel().tolist() == [0, 0, 128, 255, 255, 255]
    assert pixels(quantise(images)).ravel().tolist() == pytest.approx([0, 0, 128 / 255, 1, 1, 1])


@pytest.mark.parametrize(("probability", "mixed"), [(0.0, 0.0), (1.0, 1.0), (0.4, 0.4)])
def test_targets_go_through_the_classes_and_mix_as_often_as_asked(probability: float, mixed: float) -> None:
    weights = class_mixes(2000, 10, probability, seeded())
    assert torch.allclose(weights.sum(1), torch.ones(2000))
    assert weights.argmax(1).bincount().tolist() == [200] * 10
    assert (weights.max(1).values < 1).float().mean().item() == pytest.approx(mixed, abs=0.03)
    assert weights.max(1).values.min() >= 0.5


def test_labels_name_one_or_two_classes() -> None:
    names = ("Bag", "Coat", "Shirt")
    assert target_label(np.array([0.0, 1.0, 0.0]), names) == "Coat"
    assert target_label(np.array([0.3, 0.0, 0.7]), names) == "Shirt + Bag"
    assert target_label(np.array([]), names) == ""


class TestCheck:
    """On a student whose three classes are the thirds of the image that are bright."""

    def test_passes_probes_that_show_their_classes(self, thirds_student) -> None:
        check = check_probes(thirds_student, self.bars(np.arange(30) % 3), seeded())
        assert check.on_target == 1.0
        assert check.duplicates == 0
        assert check.batchnorm_loss < check.batchnorm_loss_noise
        assert check.problems == ()

    def test_names_each_problem(self, thirds_student) -> None:
        good = self.bars(np.arange(30) % 3)
        wrong_targets = Probes(good.images, np.roll(good.targets, 1, axis=1))
        copies = Probes(np.repeat(good.images[:1], 30, axis=0), np.repeat(good.targets[:1], 30, axis=0))
        white = Probes(np.full_like(good.images, 255), good.targets)
        assert "only 0% of the probes" in "".join(check_probes(thirds_student, wrong_targets, seeded()).problems)
        problems = check_probes(thirds_student, copies, seeded()).problems
        assert any("29 of 30 probes are exact copies" in problem for problem in problems)
        assert any("equally sure" in problem for problem in problems)
        problems = check_probes(thirds_student, white, seeded()).problems
        assert any("no better than noise" in problem for problem in problems)

    @staticmethod
    def bars(classes: np.ndarray) -> Probes:
        images = np.random.default_rng(0).integers(0, 60, (len(classes), 1, 28, 28)).astype(np.uint8)
        for index, (image, which) in enumerate(zip(images, classes, strict=True)):
            image[0, :, 9 * which : 9 * which + 9] += 90 + 2 * index  # some plainer than others
        return Probes(images, np.eye(3, dtype=np.float32)[classes])
