"""One student asked by one method: probes made, answers of student and candidates, kept on disk."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.bench.methods import METHODS, asked_students
from core.bench.parallel import side_by_side
from core.bench.place import Place
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
    jobs = [(place, method, student.id) for method in methods for student in asked_students(place, method)]
    missing = list({path: job for job in jobs if not (path := cell_path(*job)).exists()}.values())
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


def _make(place: Place, method: str, student: str) -> None:
    loaded = load_student(StudentConfig(checkpoint=place.models / "students" / f"{student}.safetensors"), "cpu")
    material = METHODS[method].source.make(loaded, place)
    name = hashlib.sha256(material.images.tobytes()).hexdigest()[:16]
    _ask_candidates(place, material.images, name)
    cell = io.BytesIO()
    own = {"student": _answers(loaded.logits(material.images)), "images": name}
    np.savez(cell, **own, draws=material.draws, seconds=material.seconds)
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
