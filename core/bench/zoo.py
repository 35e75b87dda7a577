"""`python -m core bench zoo`: train the benchmark's models, several at a time, in parts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from core.bench.grid import TRAIN_IMAGES, Half, zoo_recipes
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
        _train_side_by_side(place, [recipe for recipe in recipes if recipe.role == role], processes, tell)


def _is_there(place: Place, recipe: Recipe) -> bool:
    return model_path(place.folder, recipe).with_suffix(".json").exists()


def _train_side_by_side(place: Place, recipes: Sequence[Recipe], processes: int, tell: Callable[[str], None]) -> None:
    if not recipes:
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        jobs = [pool.submit(_train_one, place, recipe) for recipe in recipes]
        try:
            for number, job in enumerate(as_completed(jobs), start=1):
                tell(f"{place.dataset} {place.half} {number}/{len(jobs)}: {job.result()}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _train_one(place: Place, recipe: Recipe) -> str:
    said: list[str] = []
    dataset = DATASETS[place.dataset]
    train_split, test = _data(place)
    train_zoo([recipe], dataset, train_split, test, place.folder, tell=said.append)
    return said[0] if said else f"{recipe.id}: there already"


@lru_cache(maxsize=1)
def _data(place: Place) -> tuple[Split, Split]:
    train_split, test = DATASETS[place.dataset].load(place.data)
    return train_split.first(TRAIN_IMAGES), test
