"""Keep the best of a pool of images, by what the student alone says of them.

A rule is a pure function of those opinions: it gives the indices of the images to keep, the best first, so that the
first of them are what an audit of fewer probes would use.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.students.base import Student
from core.synthesis.base import Probes
from core.synthesis.opinions import Opinions, opinions
from core.synthesis.settings import Rule

RULES: dict[Rule, Callable[[Opinions, int], np.ndarray]] = {}


def selected(student: Student, pool: Probes, n: int, rule: Rule) -> Probes:
    """`n` probes of the pool, in the order of `rule`; the first `n` as they are for "none"."""
    kept = np.arange(n) if rule == "none" else RULES[rule](opinions(student, pool.images), n)
    return Probes(pool.images[kept], pool.targets[kept])


def rule(name: Rule) -> Callable[[Callable[[Opinions, int], np.ndarray]], Callable[[Opinions, int], np.ndarray]]:
    """Register a selection rule under `name`."""

    def register(function: Callable[[Opinions, int], np.ndarray]) -> Callable[[Opinions, int], np.ndarray]:
        RULES[name] = function
        return function

    return register


@rule("best_first")
def best_first(pool: Opinions, n: int) -> np.ndarray:
    """The best single image, then the others as they come: one good probe, and no bias in the rest."""
    best = int(pool.worth.argmax())
    others = np.delete(np.arange(len(pool.worth)), best)
    return np.append(best, others)[:n]


@rule("confident_stable")
def confident_stable(pool: Opinions, n: int) -> np.ndarray:
    """The images that are best on their own."""
    return np.argsort(-pool.worth, kind="stable")[:n]


@rule("dark_knowledge")
def dark_knowledge(pool: Opinions, n: int) -> np.ndarray:
    """The images of whose other classes, beside the first, the student says most (Hinton et al., 2015).

    Whoever knows the task agrees on the first class. How the others compare is what a student has of its teacher.
    Of two classes there is nothing to compare, and the images stay in their order.
    """
    return np.argsort(-pool.dark_knowledge, kind="stable")[:n]


@rule("balanced")
def balanced(pool: Opinions, n: int) -> np.ndarray:
    """The best image of each class that the student sees, then the second of each, and so on."""
    order = np.argsort(-pool.worth, kind="stable")
    seen = pool.log_probabilities[order].argmax(axis=1)
    place = np.zeros(len(order), int)  # within its class
    for label in np.unique(seen):
        place[seen == label] = np.arange((seen == label).sum())
    return order[np.argsort(place, kind="stable")][:n]


@rule("spread")
def spread(pool: Opinions, n: int) -> np.ndarray:
    """The best image, then always the one whose answer is farthest from all that are chosen (Gonzalez, 1985)."""
    answers = pool.log_probabilities
    chosen = [int(pool.worth.argmax())]
    nearest = np.full(len(answers), np.inf)
    while len(chosen) < n:
        nearest = np.minimum(nearest, ((answers - answers[chosen[-1]]) ** 2).sum(axis=1))
        nearest[chosen] = -1.0
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)


@rule("log_det")
def log_det(pool: Opinions, n: int) -> np.ndarray:
    """The best image, then always the one that adds most to the volume of answers: greedy on a determinantal process.

    Fast greedy search of Chen et al. (2018), with a Gaussian kernel as wide as the median distance of answers.
    It minds how crowded a place is, where `spread` minds only the nearest neighbour.
    """
    kernel = _gaussian_kernel(pool.log_probabilities)
    gain = kernel.diagonal().copy()  # of each image's volume, given those chosen
    basis = np.zeros((n, len(gain)))
    chosen = [int(pool.worth.argmax())]
    for index in range(n - 1):
        last = chosen[-1]
        basis[index] = (kernel[last] - basis[:index, last] @ basis[:index]) / np.sqrt(max(gain[last], 1e-12))
        gain -= basis[index] ** 2
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
    return np.array(chosen)


def _gaussian_kernel(answers: np.ndarray) -> np.ndarray:
    squares = (answers**2).sum(axis=1)
    distances = (squares[:, None] + squares - 2 * answers @ answers.T).clip(min=0)
    width = np.median(distances[distances > 0]) if (distances > 0).any() else 1.0
    return np.exp(-distances / width) + 1e-6 * np.eye(len(answers))
