"""Noise with the spectrum of natural images: an amplitude that falls with the frequency as a power of it."""

from __future__ import annotations

import torch

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.drawing import drawn_probes
from core.synthesis.grids import coloured_noise, contrasts
from core.synthesis.settings import PowerNoiseConfig


@synthesiser(PowerNoiseConfig)
def synthesise(student: Student, config: PowerNoiseConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Clouds, from rough to smooth, at random contrast and brightness; photographs have exponents near 1."""
    lowest, highest = config.lowest_exponent, config.highest_exponent

    def draw(n: int) -> torch.Tensor:
        noise = coloured_noise((n, *student.shape), generator, colour=config.colour)
        exponents = lowest + (highest - lowest) * torch.rand(n, 1, 1, 1, generator=generator)
        factors, offsets = contrasts(n, generator)
        return torch.sigmoid(factors * power_law(noise, exponents) + offsets)

    return drawn_probes(draw, student, n, tell)


def power_law(noise: torch.Tensor, exponents: torch.Tensor) -> torch.Tensor:
    """White noise `(n, C, H, W)` filtered to amplitudes f^-a, a `(n, 1, 1, 1)`; mean 0 and sd 1 over each image."""
    height, width = noise.shape[2:]
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = (down**2 + across**2).sqrt()
    frequency[0, 0] = 1.0  # its amplitude, the mean, is taken out below
    spectrum = torch.fft.rfft2(noise) * frequency**-exponents
    spectrum[:, :, 0, 0] = 0.0
    images = torch.fft.irfft2(spectrum, s=(height, width))
    return images / images.std(dim=(1, 2, 3), keepdim=True)
