"""Large images: most steps at half the size, no finest grid, as many at a time as fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.config import InputSpec
from core.events import SynthesisStep
from core.students.base import Student
from core.synthesis import inversion
from core.synthesis.methods import make_probes
from core.synthesis.settings import InversionConfig

SIDE = 96
LARGE = InputSpec(channels=3, height=SIDE, width=SIDE, mean=(0.5,) * 3, std=(0.25,) * 3)
CONFIG = InversionConfig(steps=8)


class Convolutional(nn.Module):
    """Takes images of any size, and remembers which."""

    def __init__(self, only: int | None = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, 4), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 5, 3, 2))
        self.only, self.seen = only, []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert self.only in (None, images.shape[2]), "images of another size"
        if images.requires_grad:
            self.seen.append(tuple(images.shape[2:]))
        return self.layers(images).mean(dim=(2, 3))


def student(only: int | None = None) -> Student:
    torch.manual_seed(0)
    network = Convolutional(only)
    network.train()(torch.rand(8, 3, SIDE, SIDE))
    return Student(network, LARGE, tuple("abcde"), "test", "test", "", torch.device("cpu"))


def run(student: Student, config: InversionConfig = CONFIG, n: int = 6) -> tuple[np.ndarray, list[SynthesisStep]]:
    events: list[object] = []
    probes = make_probes(student, config, n, torch.Generator().manual_seed(0), events.append)
    return probes.images, [event for event in events if isinstance(event, SynthesisStep)]


def test_three_quarters_of_the_steps_are_at_half_the_size_and_count_for_a_quarter() -> None:
    one = student()
    images, steps = run(one)
    assert images.shape == (6, 3, SIDE, SIDE)
    assert one.module.seen == [(48, 48)] * 6 + [(96, 96)] * 2
    assert [step.done for step in steps] == pytest.approx(np.cumsum([0.25] * 6 + [1] * 2) / 3.5)


def test_a_student_that_takes_no_other_size_sees_its_own_throughout() -> None:
    one = student(only=SIDE)
    _, steps = run(one)
    assert one.module.seen == [(96, 96)] * 8
    assert [step.done for step in steps] == pytest.approx(np.arange(1, 9) / 8)


def test_without_the_finest_grid_neighbours_are_alike() -> None:
    smooth, rough = (run(student(), CONFIG.model_copy(update={"omitted_grids": n}))[0].astype(int) for n in (1, 0))

    def roughness(images: np.ndarray) -> float:
        return float(np.abs(images[..., 2:] - 2 * images[..., 1:-1] + images[..., :-2]).mean() / images.std())

    assert roughness(smooth) < roughness(rough) / 2


def test_parts_that_fit_into_memory_are_made_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "fitting", lambda student, wanted: (4, True))
    images, steps = run(student(), n=10)
    assert len(images) == 10 and len(np.unique(images.reshape(10, -1), axis=0)) == 10
    assert steps[-1].steps == 3 * 8 and steps[-1].done == 1
    assert [step.done for step in steps] == sorted(step.done for step in steps)
