"""One student asked by one method: probes made, answers of student and candidates, kept on disk."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from core.bench.methods import METHODS
from core.bench.parallel import side_by_side
from core.bench.place import Place
from core.bench.sources import PROBES
from core.config import StudentConfig
from core.interview import FLOOR
from core.runs import files
from core.scoring.vectors import log_softmax
from core.students.load import load_student
from core.synthesis.base import pixels
from core.zoo.models import PixelModel, load_zoo_model, predict


@dataclass(frozen=True)
class Cell:
    """What one student and the candidates said to one method's images.

    Attributes:
        student: log-probabilities `(P, K)`.
        candidates: log-probabilities `(M, P, K)`.
        draws: which images each draw of probes holds, best first, `(D, 100)`.
        seconds: of making the probes of one audit of 100.
    """

    student: np.ndarray
    candidates: np.ndarray
    draws: np.ndarray
    seconds: float


def make_cells(place: Place, methods: Iterable[str], *, processes: int) -> Iterator[str]:
    """Make the cells that are missing; tells of each as it is there. Interrupt it, and start it again."""
    paths = {cell_path(place, method, one.id): (place, method, one.id) for method in methods for one in place.students}
    missing = [job for path, job in paths.items() if not path.exists()]
    for number, ((_, method, student), _) in enumerate(side_by_side(_make, missing, processes), start=1):
        yield f"{place} {number}/{len(missing)}: {method}, {student}"


def read_cell(place: Place, method: str, student: str) -> Cell:
    """A cell that was made."""
    with np.load(cell_path(place, method, student)) as file:
        answers = np.load(_answers_path(place, str(file["images"])))
        return Cell(file["student"], answers, file["draws"], float(file["seconds"]))


def cell_path(place: Place, method: str, student: str) -> Path:
    """By the method's settings, not its name: other settings are another cell, and two names of one method share it."""
    return place.answers / METHODS[method].source.key(place.plan) / f"{student}.npz"


def draws_of(images: int, draws: int, *, generator: np.random.Generator) -> np.ndarray:
    """Draws of 100 out of so many images, `(draws, 100)`: no image in two of them where there are enough."""
    if images >= draws * PROBES:
        return generator.permutation(images)[: draws * PROBES].reshape(draws, PROBES)
    return np.stack([generator.permutation(images)[:PROBES] for _ in range(draws)])


def _make(place: Place, method: str, student: str) -> None:
    source, plan = METHODS[method].source, place.plan
    loaded = load_student(StudentConfig(checkpoint=place.models / "students" / f"{student}.safetensors"), "cpu")
    makings, n = source.makings(plan)
    made, seconds = [], []
    for number in range(makings):
        generator = torch.Generator().manual_seed(1000 + number)  # the same seeds serve all students
        started = time.perf_counter()
        made.append(source.images(loaded, place, n, generator))
        seconds.append(time.perf_counter() - started)
    images = np.concatenate(made)
    if makings == 1:
        draws = draws_of(n, plan.draws, generator=np.random.default_rng(0))
    else:
        draws = np.arange(makings * PROBES).reshape(makings, PROBES)

    name = hashlib.sha256(images.tobytes()).hexdigest()[:16]
    _ask_candidates(place, images, name)
    cell = io.BytesIO()
    own = {"student": _answers(loaded.logits(images)), "images": name}
    np.savez(cell, **own, draws=draws, seconds=np.median(seconds) * source.share(plan))
    path = cell_path(place, method, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace(path, cell.getvalue())


def _ask_candidates(place: Place, images: np.ndarray, name: str) -> None:
    """Answers are kept by the images' name: where a method does not look at the student, all students share them."""
    path = _answers_path(place, name)
    if path.exists():
        return
    answers = np.stack([_answers(predict(model, pixels(images)).numpy()) for model in _candidates(place)])
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.save(buffer, answers)
    files.replace(path, buffer.getvalue())


def _answers(logits: np.ndarray) -> np.ndarray:
    return np.maximum(log_softmax(logits.astype(np.float64)), np.log(FLOOR)).astype(np.float32)


@lru_cache(maxsize=1)
def _candidates(place: Place) -> list[PixelModel]:
    return [load_zoo_model(place.models / "candidates" / f"{name}.safetensors") for name in place.candidates]


def _answers_path(place: Place, name: str) -> Path:
    return place.answers / "answers" / f"{name}.npy"
