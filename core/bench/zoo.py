"""`python -m core bench zoo`: train the benchmark's models, several at a time, in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.bench.grid import TRAIN_IMAGES, Half, zoo_recipes
from core.bench.parallel import side_by_side
from core.workspace import workspace
from core.zoo.datasets.base import Split
from core.zoo.datasets.table import DATASETS
from core.zoo.recipes import Recipe
from core.zoo.train import model_path, train_zoo


@dataclass(frozen=True)
class Place:
    """Where a half of a data set's zoo is, and what its models are trained on."""

    dataset: str
    half: Half
    data: Path | None = None  # folder of the data set's files, where it is not the usual one

    @property
    def folder(self) -> Path:
        return workspace() / "zoo" / self.dataset / self.half


def train(place: Place, *, processes: int, tell: Callable[[str], None]) -> None:
    """Make what is missing, candidates before their students, each process with one model at a time.

    Interrupt it and start it again: a model that is there is kept.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    recipes = [recipe for recipe in zoo_recipes(place.half) if not _is_there(place, recipe)]
    for role in ("candidate", "student"):
        jobs = [(place, recipe) for recipe in recipes if recipe.role == role]
        for number, (_, said) in enumerate(side_by_side(_train_one, jobs, processes), start=1):
            tell(f"{place.dataset} {place.half} {number}/{len(jobs)}: {said}")


def _is_there(place: Place, recipe: Recipe) -> bool:
    return model_path(place.folder, recipe).with_suffix(".json").exists()


def _train_one(place: Place, recipe: Recipe) -> str:
    said: list[str] = []
    dataset = DATASETS[place.dataset]
    train_split, test = splits(place)
    train_zoo([recipe], dataset, train_split, test, place.folder, tell=said.append)
    return said[0] if said else f"{recipe.id}: there already"


@lru_cache(maxsize=1)
def splits(place: Place) -> tuple[Split, Split]:
    """What the models of this zoo are trained on, and the test images."""
    train_split, test = DATASETS[place.dataset].load(place.data)
    return train_split.first(TRAIN_IMAGES), test
