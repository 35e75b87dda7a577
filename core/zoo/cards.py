"""Model cards of the zoo: what a model is and how it came to be. Free of torch, for pages to read.

A card holds the true teacher. Only whoever checks an audit afterwards reads it (the page's "show the
truth", the benchmark); nothing on the way from a checkpoint to a verdict does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

DEMO = Path(__file__).parents[2] / "assets" / "demo"


class ModelCard(BaseModel):
    """Beside `<id>.safetensors` stands `<id>.json` with these fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    role: Literal["candidate", "student"]
    architecture: str
    family: str
    data: str
    loss: str
    true_teacher: str | None  # the id of the candidate it was distilled from
    second_teacher: str | None = None  # another one, where it had two
    seed: int
    epochs: int
    parameters: int
    accuracy: float | None  # on the 10,000 test images, in [0, 1]; None where there are none
    sha256: str  # of the weights file

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        return cls.model_validate_json(path.read_bytes())


def read_cards(folder: Path) -> list[ModelCard]:
    """All cards in `folder`, by id."""
    return sorted((ModelCard.read(path) for path in folder.glob("*.json")), key=lambda card: card.id)


def demo_candidates() -> list[ModelCard]:
    return read_cards(DEMO / "candidates")


def demo_students() -> list[ModelCard]:
    return read_cards(DEMO / "students")
