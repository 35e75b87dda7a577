"""Students exported as programs, in each way that there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import nn

from core.config import InputSpec, StudentConfig
from tests.support.checkpoints import GREY, zoo_module

SMALL = InputSpec(channels=3, height=32, width=32, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.1))
ANY = ({0: torch.export.Dim.DYNAMIC},)

Export = Callable[[nn.Module, torch.Tensor, Path], Path]


def scripted(module: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    torch.jit.save(torch.jit.script(module), folder / "s.pt")
    return folder / "s.pt"


def traced(module: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    torch.jit.save(torch.jit.trace(module, images, check_trace=False), folder / "t.pth")
    return folder / "t.pth"


def exported(module: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    torch.export.save(torch.export.export(module, (images,), dynamic_shapes=ANY), folder / "e.pt2")
    return folder / "e.pt2"


def decomposed(module: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    program = torch.export.export(module, (images,), dynamic_shapes=ANY).run_decompositions()
    torch.export.save(program, folder / "d.pt2")
    return folder / "d.pt2"


def one_at_a_time(module: nn.Module, images: torch.Tensor, folder: Path) -> Path:
    torch.export.save(torch.export.export(module, (images[:1],)), folder / "o.pt2")
    return folder / "o.pt2"


def network(name: str) -> tuple[nn.Module, InputSpec]:
    """One whose BatchNorm has seen images, and what it takes."""
    if name.startswith("zoo:"):
        return zoo_module(name.removeprefix("zoo:")), GREY
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        module = torchvision.models.get_model(name, weights=None, num_classes=7)
        module(torch.randn(16, 3, 32, 32))
    return module.eval(), SMALL


def batch(spec: InputSpec, count: int = 2) -> torch.Tensor:
    shape = (count, spec.channels, spec.height, spec.width)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def trusted(path: Path, spec: InputSpec = GREY, **settings: object) -> StudentConfig:
    return StudentConfig(checkpoint=path, input=spec, trusted=True, **settings)
