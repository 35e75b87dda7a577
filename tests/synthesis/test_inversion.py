"""Pixel inversion: its losses fall, its grids are those of a pyramid, its priors have known values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.events import SynthesisStep
from core.synthesis.check import check_probes
from core.synthesis.grids import enlarged_sum, gains, octaves
from core.synthesis.methods import make_probes
from core.synthesis.priors import consistency_loss, patch_loss, smoothness_loss, watched_attention
from core.synthesis.settings import InversionConfig, SelectionConfig
from tests.synthesis.conftest import untrained

AS_THEY_COME = SelectionConfig(rule="none")


def run(student, config: InversionConfig, n: int = 30):
    events: list[object] = []
    probes = make_probes(student, config, n, torch.Generator().manual_seed(0), events.append)
    return probes, [event for event in events if isinstance(event, SynthesisStep)]


@pytest.mark.parametrize("weight", [0.0, 10.0])
def test_finds_images_of_their_classes(thirds_student, weight: float) -> None:
    probes, steps = run(thirds_student, InversionConfig(batchnorm_weight=weight, steps=60, mirror=False))
    check = check_probes(thirds_student, probes, torch.Generator().manual_seed(0))
    assert check.on_target > 0.8
    assert steps[-1].losses["cross_entropy"] < 0.7 * steps[0].losses["cross_entropy"]
    assert ("batchnorm" in steps[0].losses) == (weight > 0)
    if weight:
        assert steps[-1].losses["batchnorm"] < 0.3 * steps[0].losses["batchnorm"]


def test_every_batch_is_counted_and_optimised(thirds_student) -> None:
    probes, steps = run(thirds_student, InversionConfig(steps=40, batch=9, mirror=False, selection=AS_THEY_COME), n=30)
    assert [step.steps for step in steps] == [4 * 40] * len(steps)
    on_target = thirds_student.logits(probes.images).argmax(1) == probes.targets.argmax(1)
    assert on_target[:8].mean() > 0.7 and on_target[-7:].mean() > 0.7


def test_a_student_without_batchnorm_gets_the_free_prior(plain_student) -> None:
    config = InversionConfig(steps=60, mirror=False)
    probes, steps = run(plain_student, config)
    assert set(steps[0].losses) == {"total", "cross_entropy", "smoothness", "consistency"}
    for step in steps:
        parts = sum(value for name, value in step.losses.items() if name != "total")
        assert step.losses["total"] == pytest.approx(parts, rel=1e-4)
    assert _on_target(plain_student, probes) > 0.8
    rough = run(plain_student, config.model_copy(update={"smoothness_weight": 0.0}))[0]
    assert _roughness(probes.images) < _roughness(rough.images)


def test_no_prior_leaves_the_classes_alone(plain_student, thirds_student) -> None:
    for student in (plain_student, thirds_student):
        _, steps = run(student, InversionConfig(steps=3, prior="none"))
        assert set(steps[0].losses) == {"total", "cross_entropy"}


def test_without_batchnorm_other_noise_is_added(plain_student) -> None:
    def made(**noise: float) -> np.ndarray:
        return run(plain_student, InversionConfig(steps=8, **noise))[0].images

    usual = made(free_noise=0.5, noise=0.5)
    assert (made(free_noise=0.5, noise=0.0) == usual).all()
    assert (made(free_noise=0.0, noise=0.5) != usual).any()


def test_few_probes_are_chosen_from_a_whole_batch(thirds_student) -> None:
    """Statistics of fewer images say little."""
    config = InversionConfig(steps=3, batch=24)
    assert config.pool(2) == 24 and config.pool(13) == 39
    one, many = (run(thirds_student, config, n=n)[0] for n in (1, 8))
    np.testing.assert_array_equal(one.images, many.images[:1])


def test_pixels_alone_make_rougher_images() -> None:
    student = untrained("convnet4")
    pixels, pyramid = (
        run(student, InversionConfig(steps=60, grids=grids, weight_decay=0))[0].images
        for grids in ("pixels", "pyramid")
    )
    assert _roughness(pixels) > 1.1 * _roughness(pyramid)


def test_a_transformer_is_asked_about_its_patches() -> None:
    _, steps = run(untrained("vit2"), InversionConfig(steps=15, patch_weight=5.0), n=4)
    assert steps[-1].losses["patches"] < 0.95 * steps[0].losses["patches"]


def test_weight_decay_draws_images_towards_grey(thirds_student) -> None:
    free, decayed = (
        run(thirds_student, InversionConfig(steps=30, batchnorm_weight=0, weight_decay=decay))[0].images.std()
        for decay in (0.0, 0.5)
    )
    assert decayed < 0.8 * free


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((28, 28), [(4, 4), (7, 7), (14, 14), (28, 28)]),
        ((32, 48), [(4, 6), (8, 12), (16, 24), (32, 48)]),
        ((224, 224), [(4, 4), (7, 7), (14, 14), (28, 28), (56, 56), (112, 112), (224, 224)]),
        ((8, 9), [(4, 5), (8, 9)]),
    ],
)
def test_grids_scale_with_the_image(size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert octaves(*size) == sizes
    assert sum(gain**2 for gain in gains(len(sizes))) == pytest.approx(1 + 1 + 0.7**2 + 0.3**2)


def test_grids_add_up_as_torch_enlarges_them() -> None:
    assert gains(4) == pytest.approx([1, 1, 0.7, 0.3])
    grids = [torch.randn(3, 2, *size) for size in octaves(28, 33)]
    expected = sum(
        gain * F.interpolate(grid, size=(28, 33), mode="bilinear", align_corners=False)
        for gain, grid in zip(gains(len(grids)), grids, strict=True)
    )
    torch.testing.assert_close(enlarged_sum(grids), expected)


def test_smoothness_counts_differences_of_neighbours() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(4).expand(1, 1, 8, 8)
    assert smoothness_loss(stripes).item() == pytest.approx(1.0)
    assert smoothness_loss(torch.full((2, 3, 8, 8), 0.4)).item() == 0.0


def test_consistency_is_a_divergence() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    assert consistency_loss(p.log(), q.log()).item() == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3), rel=1e-5)
    assert consistency_loss(p.log(), p.log() + 7).item() == pytest.approx(0, abs=1e-6)


def test_patches_that_are_all_alike_are_the_worst() -> None:
    generator = torch.Generator().manual_seed(0)
    alike, varied = torch.ones(2, 49, 16), torch.randn(2, 49, 16, generator=generator)
    assert patch_loss([alike]) > patch_loss([varied])
    # Three tokens with similarities of 1 to themselves and .3 to the others
    tokens = torch.linalg.cholesky(torch.tensor(0.7 * np.eye(3) + 0.3)).float()[None]
    variance = np.var([1.0] * 3 + [0.3] * 6, ddof=1)
    assert patch_loss([tokens]).item() == pytest.approx(-0.5 * np.log(variance), rel=1e-3)


def test_attention_is_watched_where_there_is_any() -> None:
    for architecture, layers in (("vit2", 2), ("convnet4", 0)):
        student = untrained(architecture)
        with watched_attention(student.module) as tokens:
            student(torch.rand(3, 1, 28, 28))
        assert len(tokens) == layers
        assert all(x.shape == (3, 50, 48) for x in tokens)  # 7 x 7 patches and the token of the class


def _on_target(student, probes) -> float:
    return (student.logits(probes.images).argmax(1) == probes.targets.argmax(1)).mean()


def _roughness(images: np.ndarray) -> float:
    return np.abs(np.diff(images.astype(float), axis=3)).mean()
