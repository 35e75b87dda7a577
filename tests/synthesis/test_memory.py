"""How many large images are made at a time, and what recomputing saves."""

from __future__ import annotations

import pytest
import torch
import torchvision

from core.config import InputSpec
from core.students.base import Student
from core.synthesis import memory
from core.synthesis.batchnorm import batchnorm_loss, watched_moments

LARGE = InputSpec(channels=3, height=128, width=128, mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture(scope="module")
def student() -> Student:
    torch.manual_seed(0)
    network = torchvision.models.mobilenet_v2(num_classes=5)
    network.train()(torch.rand(4, 3, 128, 128))
    return Student(network, LARGE, tuple("abcde"), "test", "test", "", torch.device("cpu"))


def test_what_is_kept_of_an_image_is_what_layers_give() -> None:
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 1), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(5))
    layers(torch.rand(1, 3, 128, 128))
    student = Student(layers, LARGE, tuple("abcde"), "test", "test", "", torch.device("cpu"))
    assert memory.kept_bytes(student) == pytest.approx(
        (3 + 6) * 128 * 128 * 4, rel=1e-3
    )  # images, and what left the ReLU


def test_small_images_are_not_measured(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "kept_bytes", lambda _: pytest.fail("it looked"))
    assert memory.fitting(student, student.affordable_batch) == (student.affordable_batch, False)


@pytest.mark.parametrize(("images", "expected"), [(100, (60, False)), (20, (20, False)), (3, (8, True))])
def test_a_batch_fits_into_the_room_there_is(
    student: Student, monkeypatch: pytest.MonkeyPatch, images: int, expected: tuple[int, bool]
) -> None:
    """Room for so many; where those are few, more fit that are recomputed."""
    kept = memory.kept_bytes(student)
    monkeypatch.setattr(memory, "ROOM", images * kept)
    batch, recompute = memory.fitting(student, 60)
    assert (min(batch, 8) if recompute else batch, recompute) == expected


def test_recomputing_changes_nothing_but_the_memory(student: Student) -> None:
    images = torch.rand(3, 3, 128, 128, requires_grad=True)

    def gradient() -> torch.Tensor:
        with watched_moments(student.batchnorm_layers, sampled=True) as moments:
            logits = student(images)
            loss = logits.square().mean() + batchnorm_loss(moments, reduction="mean")
            return torch.autograd.grad(loss, images)[0]

    usual, kept = gradient(), memory.kept_bytes(student)
    with memory.recomputed(student.module):
        torch.testing.assert_close(gradient(), usual)
        assert memory.kept_bytes(student) < kept / 3
    torch.testing.assert_close(gradient(), usual)
    assert memory.kept_bytes(student) == kept
