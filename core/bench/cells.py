"""One student asked by one method: probes made, answers of student and candidates, kept on disk."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from core.bench.grid import CANDIDATES
from core.bench.methods import METHODS
from core.bench.parallel import side_by_side
from core.bench.zoo import Place
from core.config import StudentConfig
from core.interview import FLOOR
from core.runs import files
from core.scoring.vectors import log_softmax
from core.students.base import Student
from core.students.load import load_student
from core.synthesis.base import pixels
from core.workspace import workspace
from core.zoo.models import PixelModel, load_zoo_model, predict

DRAWS = 20
PROBES = 100  # of a draw; an audit of fewer uses the first of them


@dataclass(frozen=True)
class Cell:
    """What one student and the candidates said to one method's images.

    Attributes:
        student: log-probabilities `(P, K)`.
        candidates: log-probabilities `(M, P, K)`.
        draws: which images each draw of probes holds, best first, `(20, 100)`.
        seconds: of making the probes of one audit of 100.
    """

    student: np.ndarray
    candidates: np.ndarray
    draws: np.ndarray
    seconds: float


def make_cells(place: Place, methods: Iterable[str], students: Iterable[str], *, processes: int) -> Iterable[str]:
    """Make the cells that are missing; tells of each as it is there. Interrupt it, and start it again."""
    missing = [(place, m, s) for m in methods for s in students if not cell_path(place, m, s).exists()]
    for number, ((_, method, student), _) in enumerate(side_by_side(_make, missing, processes), start=1):
        yield f"{place.dataset} {place.half} {number}/{len(missing)}: {method}, {student}"


def read_cell(place: Place, method: str, student: str) -> Cell:
    """A cell that was made."""
    with np.load(cell_path(place, method, student)) as file:
        answers = np.load(_answers_path(place, str(file["images"])))
        return Cell(file["student"], answers, file["draws"], float(file["seconds"]))


def cell_path(place: Place, method: str, student: str) -> Path:
    return _folder(place) / method / f"{student}.npz"


def draws_of(images: int, *, generator: np.random.Generator) -> np.ndarray:
    """20 draws of 100 out of so many images: without any image twice where there are enough."""
    if images >= DRAWS * PROBES:
        return generator.permutation(images)[: DRAWS * PROBES].reshape(DRAWS, PROBES)
    return np.stack([generator.permutation(images)[:PROBES] for _ in range(DRAWS)])


def _make(place: Place, method: str, student: str) -> None:
    loaded = load_student(StudentConfig(checkpoint=place.folder / "students" / f"{student}.safetensors"), "cpu")
    at_once = METHODS[method].at_once
    if at_once > PROBES:
        images, seconds = _making(method, place, loaded, at_once, 0)
        draws = draws_of(at_once, generator=np.random.default_rng(0))
    else:
        makings = [_making(method, place, loaded, PROBES, number) for number in range(DRAWS)]
        images = np.concatenate([made for made, _ in makings])
        seconds = float(np.median([seconds for _, seconds in makings]))
        draws = np.arange(DRAWS * PROBES).reshape(DRAWS, PROBES)
    name = hashlib.sha256(images.tobytes()).hexdigest()[:16]
    _ask_candidates(place, images, name)
    cell = io.BytesIO()
    np.savez(cell, student=_answers(loaded.logits(images)), images=name, draws=draws, seconds=seconds)
    path = cell_path(place, method, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace(path, cell.getvalue())


def _making(method: str, place: Place, student: Student, n: int, number: int) -> tuple[np.ndarray, float]:
    """Images `(n, C, H, W)`, and the seconds that they took. The same seeds serve all students."""
    generator = torch.Generator().manual_seed(1000 + number)
    started = time.perf_counter()
    images = METHODS[method].make(student, place, n, generator)
    return images, time.perf_counter() - started


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
    return [load_zoo_model(place.folder / "candidates" / f"{name}.safetensors") for name in CANDIDATES[place.half]]


def _answers_path(place: Place, name: str) -> Path:
    return _folder(place) / "answers" / f"{name}.npy"


def _folder(place: Place) -> Path:
    return workspace() / "bench" / place.dataset / place.half
