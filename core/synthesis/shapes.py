"""Random pictures of things: polygons, ellipses and strokes, with gradients and textures, one before another."""

from __future__ import annotations

from math import pi

import torch

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.drawing import drawn_probes
from core.synthesis.settings import ShapesConfig

MOST_CORNERS = 6


@synthesiser(ShapesConfig)
def synthesise(student: Student, config: ShapesConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Pictures of `config.layers` shapes each, every image with its own."""
    return drawn_probes(lambda n: pictures(n, student.shape, config.layers, generator), student, n, tell)


def pictures(n: int, shape: tuple[int, int, int], layers: int, generator: torch.Generator) -> torch.Tensor:
    """Images `(n, C, H, W)` in [0, 1]; lengths are relative to an image that reaches from -1 to 1."""
    channels, height, width = shape
    draw = _Draw(n, generator)
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    edge = 0.5 / min(height, width)  # a quarter of a pixel: a border fades within about one

    canvas = _filling(draw, x, y, channels)
    for _ in range(layers):
        inside = torch.sigmoid(-_distance(draw, x, y) / edge)
        opacity = draw.between(0.6, 1.0)
        cover = (inside * opacity)[:, None]
        canvas = canvas + cover * (_filling(draw, x, y, channels) - canvas)
    return canvas.clamp(0, 1)


class _Draw:
    """Random numbers, one for each of `n` images, of a shape that spreads over pixels: `(n, 1, 1)`."""

    def __init__(self, n: int, generator: torch.Generator) -> None:
        self.n, self.generator = n, generator

    def between(self, low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(self.n, 1, 1, generator=self.generator)


def _distance(draw: _Draw, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """How far outside a random shape each place is, about: `(n, H, W)`, negative inside."""
    size, turn = draw.between(0.15, 0.9), draw.between(0, 2 * pi)
    across, down = x - draw.between(-0.8, 0.8), y - draw.between(-0.8, 0.8)
    u, v = across * turn.cos() + down * turn.sin(), down * turn.cos() - across * turn.sin()

    flatness = draw.between(0.3, 1.0)
    ellipse = (u**2 + (v / flatness) ** 2).sqrt() - size

    polygon = torch.full_like(u, -torch.inf)
    corners = torch.randint(3, MOST_CORNERS + 1, (draw.n, 1, 1), generator=draw.generator)
    for side in range(MOST_CORNERS):  # where the half-planes around a centre overlap
        angle = 2 * pi * side / corners + draw.between(-0.3, 0.3)
        line = u * angle.cos() + v * angle.sin() - size * draw.between(0.5, 1.0)
        polygon = torch.maximum(polygon, line.where(torch.tensor(side) < corners, -torch.inf))

    wave = draw.between(0.0, 0.3) * (draw.between(1.0, 8.0) * u + draw.between(0, 2 * pi)).sin()
    stroke = torch.maximum((v - wave).abs() - draw.between(0.03, 0.15), u.abs() - size)

    kind = torch.randint(3, (draw.n, 1, 1), generator=draw.generator)
    return torch.where(kind == 0, ellipse, torch.where(kind == 1, polygon, stroke))


def _filling(draw: _Draw, x: torch.Tensor, y: torch.Tensor, channels: int) -> torch.Tensor:
    """A colour with a gradient and stripes across it: `(n, C, H, W)`."""
    colour = torch.rand(draw.n, channels, 1, 1, generator=draw.generator)
    turn, slope = draw.between(0, 2 * pi), draw.between(0.0, 0.3)
    gradient = slope * (x * turn.cos() + y * turn.sin())
    turn, waves = draw.between(0, 2 * pi), draw.between(4.0, 25.0)
    stripes = draw.between(-0.15, 0.15).relu() * (waves * (x * turn.cos() + y * turn.sin())).sin()
    return colour + (gradient + stripes)[:, None]
