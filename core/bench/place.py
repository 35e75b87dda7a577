"""One zoo on one data set: where it is kept, who is in it, and what its models have seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.bench.grid import PLANS, Plan, Zoo, zoo_recipes
from core.workspace import workspace
from core.zoo.datasets.base import Split
from core.zoo.datasets.table import DATASETS
from core.zoo.recipes import Recipe


@dataclass(frozen=True)
class Place:
    dataset: str
    zoo: Zoo
    data: Path | None = None  # folder of the data set's files, where it is not the usual one

    def __str__(self) -> str:
        return f"{self.dataset} {self.zoo}"

    @property
    def models(self) -> Path:
        """The folder of weights and cards."""
        return workspace() / "zoo" / self.dataset / self.zoo

    @property
    def answers(self) -> Path:
        """The folder of what its students and candidates were asked."""
        return workspace() / "bench" / self.dataset / self.zoo

    @property
    def plan(self) -> Plan:
        return PLANS[self.zoo]

    @property
    def recipes(self) -> list[Recipe]:
        return zoo_recipes(self.zoo)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(recipe.id for recipe in self.recipes if recipe.role == "candidate")

    @property
    def students(self) -> list[Recipe]:
        return [recipe for recipe in self.recipes if recipe.role == "student"]


@lru_cache(maxsize=1)
def splits(place: Place) -> tuple[Split, Split]:
    """What the models of this zoo are trained on, and the test images."""
    train_split, test = DATASETS[place.dataset].load(place.data)
    return train_split.first(place.plan.train_images), test
