"""Random images: their statistics are those that their names promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.synthesis.grids import coloured_noise
from core.synthesis.methods import make_probes
from core.synthesis.power_noise import power_law
from core.synthesis.settings import MethodConfig, PowerNoiseConfig, PyramidsConfig, ShapesConfig, WhiteNoiseConfig
from core.synthesis.shapes import pictures
from tests.synthesis.conftest import untrained

GREY = untrained("convnet4")
COLOUR = untrained("convnet4", channels=3, size=32)


def images_of(config: MethodConfig, student=GREY, n: int = 300) -> np.ndarray:
    probes = make_probes(student, config, n, torch.Generator().manual_seed(0), lambda event: None)
    return probes.images.astype(float)


def neighbours(images: np.ndarray, distance: int = 1) -> float:
    """Correlation of pixels `distance` apart, each image's own mean and spread taken out."""
    images = (images - images.mean((2, 3), keepdims=True)) / images.std((2, 3), keepdims=True)
    return float((images[..., :-distance] * images[..., distance:]).mean())


def test_white_noise_is_uniform_and_its_pixels_know_nothing_of_each_other() -> None:
    images = images_of(WhiteNoiseConfig())
    assert images.mean() == pytest.approx(127.5, abs=1)
    assert images.std() == pytest.approx(255 / 12**0.5, abs=1)
    assert abs(neighbours(images)) < 0.01


def test_pyramids_are_smooth_and_fade_with_the_distance() -> None:
    images = images_of(PyramidsConfig())
    near, far = neighbours(images), neighbours(images, 14)
    assert near > 0.8 > 0.3 > far
    means = images.mean((1, 2, 3))
    assert means.std() > 20 and images.std((1, 2, 3)).min() < 40 < images.std((1, 2, 3)).max()


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_spectrum_follows_the_power(exponent: float) -> None:
    generator = torch.Generator().manual_seed(0)
    images = power_law(torch.randn(500, 1, 64, 64, generator=generator), torch.full((500, 1, 1, 1), exponent))
    assert images.mean((1, 2, 3)).abs().max() < 1e-4
    assert images.std((1, 2, 3)).numpy() == pytest.approx(1.0, rel=1e-4)
    amplitude = np.sqrt((np.abs(np.fft.fft2(images[:, 0].numpy())) ** 2).mean(0))[0, 1:32]
    slope = np.polyfit(np.log(np.arange(1, 32)), np.log(amplitude), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.05)


def test_exponents_lie_between_the_ends() -> None:
    rough = images_of(PowerNoiseConfig(lowest_exponent=0.0, highest_exponent=0.0))
    smooth = images_of(PowerNoiseConfig(lowest_exponent=2.0, highest_exponent=2.0))
    assert abs(neighbours(rough)) < 0.02 and neighbours(smooth) > 0.9
    assert 0.2 < neighbours(images_of(PowerNoiseConfig(lowest_exponent=0.0, highest_exponent=2.0))) < 0.8


@pytest.mark.parametrize("colour", [0.0, 0.25, 1.0])
def test_channels_share_what_is_not_their_own(colour: float) -> None:
    noise = coloured_noise((400, 3, 16, 16), torch.Generator().manual_seed(0), colour=colour).numpy()
    correlation = np.corrcoef(noise.transpose(1, 0, 2, 3).reshape(3, -1))
    assert noise.std() == pytest.approx(1.0, abs=0.02)
    assert correlation[0, 1] == pytest.approx(1 - colour, abs=0.02)


def test_shapes_have_flat_parts_and_sharp_borders() -> None:
    images = images_of(ShapesConfig(), COLOUR)
    steps = np.abs(np.diff(images, axis=3))
    clouds = np.abs(np.diff(images_of(PowerNoiseConfig(), COLOUR), axis=3))
    assert np.median(steps) < 0.5 * np.median(clouds)
    assert np.quantile(steps, 0.99) > 8 * np.median(steps)
    assert neighbours(images) > 0.8


def test_later_shapes_cover_earlier_ones() -> None:
    def beginning(layers: int) -> torch.Tensor:
        return pictures(50, (1, 32, 32), layers, torch.Generator().manual_seed(0))

    one, two = beginning(1), beginning(2)
    changed = (one - two).abs().amax(1) > 1e-3
    share = changed.float().mean((1, 2))
    assert 0.05 < share.mean() < 0.9  # the second shape leaves some of the first picture as it was
    assert one.min() >= 0 and two.max() <= 1
