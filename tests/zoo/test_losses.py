"""Distillation losses against their definitions, written out in loops or by another library."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from core.zoo.losses import TARGET_BOOST, angle_loss, distance_loss, kd_loss, ofa_loss


def random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [1.0, 4.0, 10.0])
def test_kd_loss(temperature: float) -> None:
    student, teacher = random(5, 4, seed=0), random(5, 4, seed=1)
    p, q = F.softmax(teacher / temperature, 1), F.softmax(student / temperature, 1)
    expected = temperature**2 * (p * (p / q).log()).sum(1).mean()
    assert kd_loss(student, teacher, temperature).item() == pytest.approx(expected.item())
    assert kd_loss(teacher, teacher, temperature).item() == pytest.approx(0, abs=1e-9)


def huber(x: float) -> float:
    return x * x / 2 if abs(x) < 1 else abs(x) - 0.5


def test_distance_loss() -> None:
    student, teacher = random(5, 3, seed=0), random(5, 7, seed=1)
    pairs = [(i, j) for i, j in product(range(5), repeat=2) if i != j]

    def relative(embeddings: torch.Tensor) -> list[float]:
        distances = [(embeddings[i] - embeddings[j]).norm().item() for i, j in pairs]
        return [distance / (sum(distances) / len(distances)) for distance in distances]

    expected = sum(huber(a - b) for a, b in zip(relative(student), relative(teacher), strict=True)) / len(pairs)
    assert distance_loss(student, teacher).item() == pytest.approx(expected)
    assert distance_loss(3 * teacher, teacher).item() == pytest.approx(0, abs=1e-12), "scale is free"


def test_angle_loss() -> None:
    student, teacher = random(4, 3, seed=0), random(4, 6, seed=1)
    total = 0.0
    for at, i, j in product(range(4), repeat=3):
        cosines = [
            0.0 if at in (i, j) else F.cosine_similarity(e[i] - e[at], e[j] - e[at], dim=0).item()
            for e in (student, teacher)
        ]
        total += huber(cosines[0] - cosines[1])
    assert angle_loss(student, teacher).item() == pytest.approx(total / 4**3)
    turned = teacher @ torch.linalg.qr(random(6, 6, seed=2)).Q
    assert angle_loss(turned, teacher).item() == pytest.approx(0, abs=1e-12), "rotations are free"


def test_ofa_loss() -> None:
    student, teacher, labels = random(3, 4, seed=0), random(3, 4, seed=1), torch.tensor([2, 0, 3])
    p, q = teacher.softmax(1), student.softmax(1)
    total = 0.0
    for row, label in enumerate(labels.tolist()):
        for c in range(4):
            weight = (1 + p[row, c]) ** TARGET_BOOST if c == label else p[row, c]
            total -= (weight * q[row, c].log()).item()
    assert ofa_loss(student, teacher, labels).item() == pytest.approx(total / 3)


@pytest.mark.parametrize("loss", [distance_loss, angle_loss])
def test_gradients_are_finite_where_two_embeddings_are_the_same(loss) -> None:
    embeddings = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    loss(embeddings, random(4, 3, seed=1)).backward()
    assert torch.isfinite(embeddings.grad).all()
