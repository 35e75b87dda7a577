"""Targets, quantisation and the probes' own check."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.synthesis.base import Probes, class_mixes, labels, pixels, quantise
from core.synthesis.check import check_probes
from core.synthesis.drawing import unaimed


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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


def test_few_targets_are_of_different_classes_drawn_from_all() -> None:
    drawn = [class_mixes(3, 10, 0.0, seeded(seed)).argmax(1).tolist() for seed in range(50)]
    assert all(len(set(classes)) == 3 for classes in drawn)
    assert {classes[0] for classes in drawn} == set(range(10))


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

    def test_does_not_blame_images_for_what_they_were_not_made_for(self, thirds_student) -> None:
        good = self.bars(np.arange(30) % 3)
        white = np.full_like(good.images[:1], 255)
        check = check_probes(thirds_student, unaimed(white), seeded())
        assert (check.on_target, check.problems) == (None, ())
        assert check.batchnorm_loss > check.batchnorm_loss_noise

        targets = np.where(np.arange(30)[:, None] < 15, good.targets, 0)
        targets[:3] = np.roll(targets[:3], 1, axis=1)
        assert check_probes(thirds_student, Probes(good.images, targets), seeded()).on_target == pytest.approx(12 / 15)

    def test_labels_say_what_the_student_sees_where_nothing_was_wanted(self, thirds_student) -> None:
        bars = self.bars(np.array([2, 0, 1]))
        assert labels(thirds_student, unaimed(bars.images)) == ("right", "left", "middle")
        wanted = np.array([[0, 0, 0], [0, 0.6, 0.4], [0, 0, 0]], np.float32)
        assert labels(thirds_student, Probes(bars.images, wanted)) == ("right", "middle + right", "middle")

    @staticmethod
    def bars(classes: np.ndarray) -> Probes:
        images = np.random.default_rng(0).integers(0, 60, (len(classes), 1, 28, 28)).astype(np.uint8)
        for index, (image, which) in enumerate(zip(images, classes, strict=True)):
            image[0, :, 9 * which : 9 * which + 9] += 90 + 2 * index  # some plainer than others
        return Probes(images, np.eye(3, dtype=np.float32)[classes])
