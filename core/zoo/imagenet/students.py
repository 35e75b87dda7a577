"""A student at ImageNet's scale: MobileNetV2 with ImageNet weights, distilled for some hundred steps.

There is no ImageNet here. It learns on random crops of a few sample photographs, and on mixes of two such crops,
what its teacher says of each: enough to take over much of the teacher's dark knowledge, and far from enough to forget
what ImageNet taught it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from core.runs import files
from core.students.architectures import build
from core.zoo.cards import ModelCard
from core.zoo.datasets.fashion_colour import BACKGROUNDS, PUBLIC, random_crops, read_photograph
from core.zoo.imagenet.audit import write_audit
from core.zoo.imagenet.weights import (
    CANDIDATES,
    CLASS_NAMES,
    MOBILENET,
    MOBILENET_ID,
    Published,
    published_weights,
    save_published,
    save_weights,
)
from core.zoo.losses import kd_loss
from core.zoo.models import PixelModel

STUDENTS = {"iris": "lite0", "jade": "lite1", "kelp": "lite2"}  # names that tell nothing, and their teachers
SIZE = 160  # pixels of what student and teacher see while the student learns
CROP = (80, 280)  # pixels of a photograph that a crop shows, at least and at most
STEPS, BATCH = 300, 24
PEAK_RATE, WEIGHT_DECAY, TEMPERATURE = 1e-3, 1e-4, 4.0


def make_zoo(folder: Path, students: list[str], *, tell: Callable[[str], None] = print) -> None:
    """The candidates and MobileNetV2 itself as published, `students`, and audits of them; models there are kept.

    Raises:
        InputError: the weights or the photographs cannot be had.
    """
    for name, published in CANDIDATES.items():
        _keep(published, folder / "candidates" / f"{name}.safetensors", tell)
    _keep(MOBILENET, folder / "published" / f"{MOBILENET_ID}.safetensors", tell)
    for name in (MOBILENET_ID, *students):
        write_audit(folder, name)
    for number, (name, teacher) in enumerate(STUDENTS.items()):
        path = folder / "students" / f"{name}.safetensors"
        if name in students and not path.with_suffix(".json").exists():
            started = time.monotonic()
            student = distilled(teacher, seed=number, tell=tell)
            _save(student, name, teacher, number, path)
            tell(f"{name}: {time.monotonic() - started:.0f} s")


def distilled(teacher: str, *, seed: int, steps: int = STEPS, tell: Callable[[str], None] = print) -> nn.Module:
    """MobileNetV2 for normalised images, taught by the candidate `teacher`, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    photographs = [read_photograph(*where) for where in (*BACKGROUNDS, *PUBLIC)]
    student, master = _network(MOBILENET).train(), _network(CANDIDATES[teacher]).eval()
    optimiser = torch.optim.AdamW(student.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=PEAK_RATE, total_steps=steps)
    for step in range(1, steps + 1):
        images = _mixed(random_crops(photographs, BATCH, generator, size=SIZE, crop=CROP), generator)
        with torch.inference_mode():
            said = master(images)
        loss = kd_loss(student(images), said.clone(), TEMPERATURE)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            tell(f"step {step} of {steps}, loss {loss.item():.3f}")
    return student.network.eval()


def _mixed(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Every other image with a share of another one."""
    share = torch.rand(len(images), 1, 1, 1, generator=generator)
    share[::2] = 1.0
    return share * images + (1 - share) * images[torch.randperm(len(images), generator=generator)]


def _network(published: Published) -> PixelModel:
    network = build(published.architecture, input=published.input, num_classes=len(CLASS_NAMES))
    network.load_state_dict(published_weights(published), assign=True)
    return PixelModel(network, published.input).to(memory_format=torch.channels_last)


def _keep(published: Published, path: Path, tell: Callable[[str], None]) -> None:
    if not path.exists():
        save_published(published, path)
        tell(f"{path.stem}: from {published.package} {published.version}")


def _save(student: nn.Module, name: str, teacher: str, seed: int, path: Path) -> None:
    """Weights, and a card beside them, written last."""
    sha256 = save_weights(student.state_dict(), MOBILENET.architecture, MOBILENET.input, path)
    card = ModelCard(
        id=name,
        role="student",
        architecture=MOBILENET.architecture,
        family="inverted bottleneck",
        data=f"crops of {len(BACKGROUNDS) + len(PUBLIC)} photographs, after ImageNet",
        loss=f"KD, temperature {TEMPERATURE:g}, {STEPS} steps",
        true_teacher=teacher,
        seed=seed,
        epochs=1,
        parameters=sum(parameter.numel() for parameter in student.parameters()),
        accuracy=None,
        sha256=sha256,
    )
    files.replace(path.with_suffix(".json"), (card.model_dump_json(indent=2) + "\n").encode())
