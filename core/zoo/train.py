"""Train zoo models by their recipes, and keep each as weights and a card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import save

from core.errors import InputError
from core.runs import files
from core.zoo.architectures import ARCHITECTURES
from core.zoo.cards import ModelCard
from core.zoo.datasets.base import Dataset, Split
from core.zoo.lessons import Batch, Tutor, lessons
from core.zoo.models import PixelModel, load_zoo_model, new_model, predict
from core.zoo.recipes import Recipe

PEAK_RATE, WEIGHT_DECAY = 4e-3, 1e-3


def train_zoo(
    recipes: Iterable[Recipe],
    dataset: Dataset,
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
        path = model_path(folder, recipe)
        if not path.with_suffix(".json").exists():
            path.parent.mkdir(parents=True, exist_ok=True)  # before minutes go into a model that cannot be kept
            model = fit(recipe, dataset, train, _tutors(folder, recipe, train))
            card = _save(model, recipe, dataset, path, trained_on=len(train), test=test)
            tell(f"{recipe.id}: accuracy {card.accuracy:.3f}")
        cards.append(ModelCard.read(path.with_suffix(".json")))
    return cards


def model_path(folder: Path, recipe: Recipe) -> Path:
    """Where a recipe's weights are kept; the card stands beside them."""
    return folder / f"{recipe.role}s" / f"{recipe.id}.safetensors"


def fit(recipe: Recipe, dataset: Dataset, train: Split, tutors: Sequence[Tutor]) -> PixelModel:
    """One model, with AdamW under a one-cycle schedule."""
    generator = torch.Generator().manual_seed(recipe.seed)
    model = new_model(recipe.architecture, dataset.input, len(dataset.class_names), seed=recipe.seed).train()
    model = model.to(memory_format=torch.channels_last)
    taught = lessons(
        recipe.lesson,
        recipe.epochs,
        tutors=tutors,
        student=model,
        temperature=recipe.temperature,
        seed=recipe.seed,
    )
    learning = [*model.parameters(), *(p for lesson in set(taught) for p in lesson.extra.parameters())]
    optimiser = torch.optim.AdamW(learning, weight_decay=WEIGHT_DECAY, fused=True)
    steps = recipe.epochs * (len(train) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=PEAK_RATE, total_steps=steps)
    for lesson in taught:
        order = torch.randperm(len(train), generator=generator)
        for index in order[: len(order) // recipe.batch * recipe.batch].split(recipe.batch):
            loss = lesson.loss(model, Batch(train.images[index], train.labels[index], index))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _tutors(folder: Path, recipe: Recipe, train: Split) -> list[Tutor]:
    paths = [folder / "candidates" / f"{name}.safetensors" for name in recipe.teachers]
    if missing := [path.stem for path in paths if not path.is_file()]:
        raise InputError(f"{recipe.id} learns from {missing[0]}, which is not there", remedy="train that first")
    return [_tutor(path, train) for path in paths]


@lru_cache(maxsize=8)
def _tutor(path: Path, train: Split) -> Tutor:
    """A process that trains many students asks each of their teachers once."""
    return Tutor(load_zoo_model(path), train.images)


def _save(
    model: PixelModel, recipe: Recipe, dataset: Dataset, path: Path, *, trained_on: int, test: Split
) -> ModelCard:
    """Weights with what any user of the file must know in its header, and the card beside it, written last."""
    accuracy = (predict(model, test.images).argmax(1) == test.labels).float().mean().item()
    metadata = {
        "format": "pt",
        "architecture": f"zoo:{recipe.architecture}",
        "num_classes": str(len(dataset.class_names)),
        "class_names": json.dumps(dataset.class_names),
        "input": dataset.input.model_dump_json(),
    }
    weights = save({name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}, metadata)
    first, second = (*recipe.teachers, None, None)[:2]
    card = ModelCard(
        id=recipe.id,
        role=recipe.role,
        architecture=f"zoo:{recipe.architecture}",
        family=ARCHITECTURES[recipe.architecture].family,
        data=f"{dataset.label}, {trained_on:,} images",
        loss=recipe.loss,
        true_teacher=first,
        second_teacher=second,
        seed=recipe.seed,
        epochs=recipe.epochs,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        accuracy=round(accuracy, 4),
        sha256=hashlib.sha256(weights).hexdigest(),
    )
    files.replace(path, weights)
    files.replace(path.with_suffix(".json"), (card.model_dump_json(indent=2) + "\n").encode())
    return card
