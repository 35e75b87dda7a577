"""Train the zoo: candidates on labels, students by knowledge distillation or on labels alone.

Distillation is that of Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn
from torch.nn import functional as F

from core.errors import InputError
from core.zoo.architectures import ARCHITECTURES
from core.zoo.cards import ModelCard
from core.zoo.data import CLASS_NAMES, MEAN, STD, Split
from core.zoo.recipes import Recipe

SOFT_WEIGHT = 0.9  # of the distillation loss; the labels' cross-entropy has the rest
FEATURES = {"input": {"channels": 1, "height": 28, "width": 28, "mean": [MEAN], "std": [STD]}}


def train_zoo(
    recipes: Iterable[Recipe],
    train: Split,
    test: Split,
    folder: Path,
    *,
    tell: Callable[[str], None] = print,
) -> list[ModelCard]:
    """Make every model that `folder` lacks, candidates before their students.

    Models go to `<folder>/candidates` and `<folder>/students`, each as weights and a card; a model
    whose card is there already is kept, so that an interrupted training goes on where it stopped.
    """
    cards = []
    for recipe in recipes:
        path = folder / f"{recipe.role}s" / f"{recipe.id}.safetensors"
        if path.with_suffix(".json").exists():
            cards.append(ModelCard.read(path.with_suffix(".json")))
            continue
        soft = None
        if recipe.teacher is not None:
            weights = folder / "candidates" / f"{recipe.teacher}.safetensors"
            if not weights.is_file():
                raise InputError(
                    f"{recipe.id} learns from {recipe.teacher}, which is not there", remedy="train that first"
                )
            teacher = load_zoo_model(weights)
            soft = predict(teacher, train.images)
        path.parent.mkdir(parents=True, exist_ok=True)  # before minutes go into a model that cannot be kept
        model = fit(recipe, train, soft)
        cards.append(_save(model, recipe, path, data=f"Fashion-MNIST, {len(train.labels):,} images", test=test))
        tell(f"{recipe.id}: accuracy {cards[-1].accuracy:.3f}")
    return cards


def fit(recipe: Recipe, train: Split, teacher_logits: torch.Tensor | None, *, batch: int = 128) -> nn.Module:
    """One model, with AdamW under a one-cycle schedule.

    Args:
        train: images `(N, C, H, W)` in [0, 1] and labels.
        teacher_logits: `(N, K)` on the same images for distillation, None to learn from labels alone.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    model = build(recipe.architecture, recipe.seed).train()
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-3)
    steps = recipe.epochs * (len(train.labels) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    for _ in range(recipe.epochs):
        order = torch.randperm(len(train.labels), generator=generator)
        for index in order[: len(order) // batch * batch].split(batch):
            logits = model(normalise(train.images[index]))
            loss = F.cross_entropy(logits, train.labels[index])
            if teacher_logits is not None:
                soft = kd_loss(logits, teacher_logits[index], recipe.temperature)
                loss = SOFT_WEIGHT * soft + (1 - SOFT_WEIGHT) * loss
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def kd_loss(student_logits: torch.Tensor, teacher_logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """`T^2 KL(softmax(teacher / T) || softmax(student / T))`, mean over the batch; logits `(N, K)`."""
    log_p = F.log_softmax(teacher_logits / temperature, dim=1)
    log_q = F.log_softmax(student_logits / temperature, dim=1)
    return temperature**2 * F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def build(architecture: str, seed: int) -> nn.Module:
    """An untrained zoo module for Fashion-MNIST, its initial weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ARCHITECTURES[architecture].build(1, 28, len(CLASS_NAMES))


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Pixels in [0, 1] to what zoo modules were trained on."""
    return (images - MEAN) / STD


@torch.inference_mode()
def predict(model: nn.Module, images: torch.Tensor, *, batch: int = 1000) -> torch.Tensor:
    """Logits `(N, K)` for images `(N, C, H, W)` in [0, 1]."""
    return torch.cat([model(normalise(part)) for part in images.split(batch)])


def load_zoo_model(path: Path) -> nn.Module:
    """A trained zoo module from its safetensors file, in evaluation mode."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(path, framework="pt") as file:
        name = file.metadata()["architecture"].removeprefix("zoo:")
    model = build(name, seed=0)
    model.load_state_dict(load_file(path))
    return model.eval()


def _save(model: nn.Module, recipe: Recipe, path: Path, *, data: str, test: Split) -> ModelCard:
    """Weights with what any user of the file must know in its header, and the card beside it."""
    accuracy = (predict(model, test.images).argmax(1) == test.labels).float().mean().item()
    metadata = {
        "format": "pt",
        "architecture": f"zoo:{recipe.architecture}",
        "num_classes": str(len(CLASS_NAMES)),
        "class_names": json.dumps(CLASS_NAMES),
        "input": json.dumps(FEATURES["input"]),
    }
    weights = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, metadata)
    card = ModelCard(
        id=recipe.id,
        role=recipe.role,
        architecture=f"zoo:{recipe.architecture}",
        family=ARCHITECTURES[recipe.architecture].family,
        data=data,
        loss=recipe.loss,
        true_teacher=recipe.teacher,
        seed=recipe.seed,
        epochs=recipe.epochs,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        accuracy=round(accuracy, 4),
        sha256=hashlib.sha256(weights).hexdigest(),
    )
    path.write_bytes(weights)
    path.with_suffix(".json").write_text(card.model_dump_json(indent=2) + "\n")
    return card
