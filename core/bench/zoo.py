"""`python -m core bench zoo`: train the benchmark's models, several at a time, in parts."""

from __future__ import annotations

from collections.abc import Callable

from core.bench.parallel import side_by_side
from core.bench.place import Place, splits
from core.zoo.datasets.table import DATASETS
from core.zoo.recipes import Recipe
from core.zoo.train import model_path, train_zoo


def train(place: Place, *, processes: int, tell: Callable[[str], None]) -> None:
    """Make what is missing, candidates before their students, each process with one model at a time.

    Interrupt it and start it again: a model that is there is kept.
    """
    place.models.mkdir(parents=True, exist_ok=True)
    recipes = [recipe for recipe in place.recipes if not _is_there(place, recipe)]
    for role in ("candidate", "student"):
        jobs = [(place, recipe) for recipe in recipes if recipe.role == role]
        for number, (_, said) in enumerate(side_by_side(_train_one, jobs, processes), start=1):
            tell(f"{place} {number}/{len(jobs)}: {said}")


def _is_there(place: Place, recipe: Recipe) -> bool:
    return model_path(place.models, recipe).with_suffix(".json").exists()


def _train_one(place: Place, recipe: Recipe) -> str:
    said: list[str] = []
    dataset = DATASETS[place.dataset]
    train_split, test = splits(place)
    train_zoo([recipe], dataset, train_split, test, place.models, tell=said.append)
    return said[0] if said else f"{recipe.id}: there already"
