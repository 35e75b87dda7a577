"""The generators: they learn their student's classes, and their losses are what they say."""

from __future__ import annotations

import pytest
import torch

from core.events import SynthesisStep
from core.synthesis.check import check_probes
from core.synthesis.generator import Generator
from core.synthesis.methods import make_probes
from core.synthesis.paper_generator import QimeraGenerator
from core.synthesis.settings import GeneratorConfig, PaperGeneratorConfig
from core.synthesis.shaking import shaken

SMALL = GeneratorConfig(batch=24, width=16, latent=8, steps=80)


def run(student, config, n: int = 30):
    events: list[object] = []
    probes = make_probes(student, config, n, torch.Generator().manual_seed(0), events.append)
    return probes, [event.losses for event in events if isinstance(event, SynthesisStep)]


def test_makes_probes_that_their_student_puts_into_their_classes(thirds_student) -> None:
    probes, _ = run(thirds_student, SMALL)
    check = check_probes(thirds_student, probes, torch.Generator().manual_seed(0))
    assert check.on_target > 0.8
    assert check.problems == ()


def test_loss_falls(thirds_student) -> None:
    _, losses = run(thirds_student, SMALL)
    assert losses[-1]["cross_entropy"] < 0.7 * losses[0]["cross_entropy"]
    assert losses[-1]["batchnorm"] < losses[0]["batchnorm"]
    for loss in losses:
        assert loss["total"] == pytest.approx(loss["cross_entropy"] + 10 * loss["batchnorm"], rel=1e-4)


def test_the_papers_generator_learns_too_and_weighs_as_published(thirds_student) -> None:
    _, losses = run(thirds_student, PaperGeneratorConfig(batch=12, steps=40, learning_rate=0.01))
    first, last = (sum(loss["cross_entropy"] for loss in some) for some in (losses[:5], losses[-5:]))
    assert last < 0.7 * first
    for loss in losses:
        assert loss["total"] == pytest.approx(loss["cross_entropy"] + loss["batchnorm"], rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 33, 30)])
def test_networks_draw_images_of_any_shape(shape: tuple[int, int, int]) -> None:
    z, w = torch.randn(5, 8), torch.eye(5)
    for network in (Generator(5, shape, latent=8, width=8), QimeraGenerator(5, shape, latent=8)):
        images = network(z, w)
        assert images.shape == (5, *shape)
        assert images.min() >= 0 and images.max() <= 1


def test_shaking_moves_all_images_alike_and_keeps_their_pixels() -> None:
    images = torch.arange(2 * 36.0).view(2, 1, 6, 6)
    places = set()
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        moved = shaken(images, shift=1, mirror=True, noise=0.0, generator=generator)
        first, second = ((image == image.min()).nonzero()[0].tolist() for image in moved)
        assert first == second
        assert moved.flatten().sort().values.equal(images.flatten().sort().values)
        places.add(tuple(first[1:]))
    # The first pixel comes to one of three rows and, mirrored or not, to one of the two columns at either end
    assert places == {(down, right) for down in (5, 0, 1) for right in (5, 0, 1, 4)}
    noisy = shaken(torch.zeros(50, 1, 28, 28), shift=0, mirror=False, noise=0.2, generator=generator)
    assert noisy.std().item() == pytest.approx(0.2, rel=0.02)
