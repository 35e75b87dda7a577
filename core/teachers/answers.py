"""What answers `(N, K)` are: logits or probabilities, told from their values. Shared by all adapters."""

from __future__ import annotations

from typing import Literal

import numpy as np

from core.candidates import Output
from core.errors import TeacherError

SUM_TOLERANCE = 0.01  # of a row of probabilities, on top of what rounding explains
_MOST_DECIMALS = 6  # beyond these, answers count as not rounded
_FLOAT32 = 1e-7  # more than the relative error of a float32


def trial_images(shape: tuple[int, int, int]) -> np.ndarray:
    """Two uint8 images `(2, C, H, W)`, always the same: mid-grey, and random pixels."""
    grey = np.full(shape, 128, dtype=np.uint8)
    random = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return np.stack([grey, random])


def checked_output(answers: np.ndarray, declared: Output | Literal["auto"], *, name: str) -> Literal["logits", "probs"]:
    """What complete `answers` `(N, K)` are, if that is what was `declared`.

    Raises:
        TeacherError: they contradict the declaration, or cannot be told from their values.
    """
    in_range, sums = _unit_range(answers), answers.sum(axis=1)
    sums_to_one = bool(np.all(np.abs(sums - 1) <= SUM_TOLERANCE + rounding_error(answers)))
    if declared in ("top_k", "labels"):
        raise TeacherError(
            f"{name}: the answers tell more than the candidate's output says",
            rule=declared,
            actual=f"a number for each of {answers.shape[1]} classes",
            remedy="set output to auto",
        )
    seen = f"values from {answers.min():.4g} to {answers.max():.4g}, sums {', '.join(f'{s:.4g}' for s in sums[:3])}"
    if declared == "probs":
        if not (in_range and sums_to_one):
            raise TeacherError(
                f"{name}: the answers are no probabilities, as the candidate's output says",
                rule="values in [0, 1] with sum 1",
                actual=seen,
                remedy="set output to logits or auto",
            )
        return "probs"
    if declared == "logits":
        if in_range and sums_to_one:
            raise TeacherError(
                f"{name}: the answers look like probabilities, but the candidate's output says logits",
                actual=seen,
                remedy="set output to probs or auto",
            )
        return "logits"
    if in_range and not sums_to_one:
        raise TeacherError(
            f"{name}: the answers may be logits or probabilities",
            rule="values outside [0, 1], or sums of 1",
            actual=seen,
            remedy="set the candidate's output to logits if they are, else serve the model's softmax",
        )
    return "probs" if in_range else "logits"


def check_still(answers: np.ndarray, output: Output, *, name: str) -> None:
    """Raise `TeacherError` where a server that gave probabilities at first gives something else now."""
    off = np.abs(answers.sum(axis=1) - 1) > SUM_TOLERANCE + rounding_error(answers)
    if output == "probs" and (not _unit_range(answers) or off.any()):
        raise TeacherError(
            f"{name}: the answers were probabilities when connecting and are not any more",
            rule="values in [0, 1] with sum 1",
            actual=f"values from {answers.min():.4g} to {answers.max():.4g}",
            remedy="check that nobody changed the served model",
        )


def rounding_error(answers: np.ndarray) -> float:
    """The most by which rounding can move a row's sum: half a unit of the last decimal for each of K values.

    >>> float(rounding_error(np.array([[0.25, 0.75]])))
    0.01
    """
    decimals = decimals_of(answers)
    return 0.0 if decimals is None else answers.shape[1] * 0.5 * 10.0**-decimals


def decimals_of(answers: np.ndarray) -> int | None:
    """To how many decimals answers `(N, K)` are rounded, NaN apart; None where they are not.

    A server that rounds float32 sends the float32 next to each decimal.

    >>> decimals_of(np.array([[0.25, 0.7], [np.nan, 0.5]]))
    2
    """
    values = answers[~np.isnan(answers)]
    for decimals in range(1, _MOST_DECIMALS + 1):
        if len(values) and np.allclose(np.round(values, decimals), values, rtol=_FLOAT32, atol=0):
            return decimals
    return None


def _unit_range(answers: np.ndarray) -> bool:
    slack = 1e-6  # float32 softmax may exceed 1 by a rounding error
    return bool(answers.min() >= -slack and answers.max() <= 1 + slack)
