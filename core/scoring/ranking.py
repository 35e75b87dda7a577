"""From answers to a ranking: every score for every candidate, with bootstrap intervals over probes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.linalg import helmert

from core.candidates import Output
from core.results import Estimate, RankedCandidate
from core.scoring.answer_kinds import FULL, Level
from core.scoring.base import Score, weighted_mean
from core.scoring.table import REPORTED, SCORES
from core.scoring.vectors import centre, centred_vectors, log_softmax

CONFIDENCE = 0.95  # of the intervals
ALIKE = 1e-3  # relative distance below which two candidates count as one and the same
FALLBACK, AGAINST_CHANCE = "centred_distance", "acs_z"
OF_LABELS = ("margin_agreement", "agreement")  # scores to rank labels by, the better one first


def log_probabilities(answers: np.ndarray, output: Output, floor: float) -> np.ndarray:
    """A teacher's answers `(N, K)` as log-probabilities, none below `log(floor)`.

    What it does not tell, NaN, is filled in: classes beyond its strongest share what is left of 1 evenly, those
    beside a bare label are as good as impossible, and an answer that names none of the classes is flat.

    Args:
        output: as the teacher's capabilities say.
        floor: smallest probability that is told apart from 0.
    """
    if output == "logits":
        return np.maximum(log_softmax(answers), np.log(floor))
    unknown = np.isnan(answers)
    number = unknown.sum(axis=1, keepdims=True)
    left = (1 - np.nansum(answers, axis=1, keepdims=True)).clip(0)
    probs = np.where(unknown, left / np.maximum(number, 1), answers)
    return np.log(np.maximum(probs, floor))


def applicable_score(wanted: str, candidates: np.ndarray, level: Level = FULL) -> tuple[str, str]:
    """The score to rank by, and why it is not the wanted one ("" where it is).

    Labels are ranked by a score that asks no more of them. Residual scores say nothing below three candidates, or
    where two of the candidates `(M, N, K)` answer alike and so cancel each other; set scores say nothing on a handful
    of probes, and only by comparison with chance where classes are as many as probes.
    """
    score = SCORES[wanted]
    if level.kind == "labels" and wanted not in OF_LABELS:
        return OF_LABELS[0], f"{score.label} makes too little of labels"
    if len(candidates) < score.min_candidates:
        return FALLBACK, f"{score.label} needs at least {score.min_candidates} candidates, there are {len(candidates)}"
    if not score.has_enough(candidates):
        return FALLBACK, f"{score.label} needs at least {score.min_probes} probes, there are {candidates.shape[1]}"
    if score.is_saturated(candidates):
        _, probes, classes = candidates.shape
        instead = AGAINST_CHANCE if SCORES[AGAINST_CHANCE].can_rank(candidates) else FALLBACK
        return instead, f"{score.label} needs more probes than the {classes:,} classes, there are {probes}"
    if score.min_candidates > 1 and _two_alike(candidates):
        return FALLBACK, f"{score.label} needs candidates that differ, and two of these answer alike"
    return wanted, ""


def rank(
    student: np.ndarray,
    answers: Mapping[str, np.ndarray],
    *,
    by: str,
    resamples: int,
    generator: np.random.Generator,
    scores: Mapping[str, Score] = REPORTED,
) -> tuple[RankedCandidate, ...]:
    """Candidates, best first by the score `by`.

    Args:
        student: log-probabilities `(N, K)`.
        answers: log-probabilities `(N, K)` by candidate.
        resamples: of the probes, for the percentile bootstrap (Efron, 1979).
        scores: those to compute, `by` among them; what needs more candidates or probes than there are is left out.
    """
    names, candidates = list(answers), np.stack(list(answers.values()))
    draws = generator.integers(len(student), size=(resamples, len(student)))
    scores = {name: score for name, score in scores.items() if score.can_rank(candidates)}
    estimates = {name: _estimates(score, student, candidates, draws) for name, score in scores.items()}
    values = np.array([estimate.value for estimate in estimates[by]])
    return tuple(
        RankedCandidate(
            candidate=names[k],
            score=estimates[by][k].value,
            interval=_interval(estimates[by][k]),
            scores={name: estimates[name][k] for name in scores},
        )
        for k in scores[by].order(values)
    )


def _estimates(score: Score, student: np.ndarray, candidates: np.ndarray, draws: np.ndarray) -> list[Estimate]:
    """One score for each candidate; without an interval where it has none or one probe gives none."""
    values = score.compute(student, candidates)
    if not score.resampled or len(student) < 2:
        return [Estimate(value=float(value)) for value in values]
    resampled = _resampled(score, student, candidates, draws)
    low, high = np.quantile(resampled, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2), axis=0)
    return [Estimate(value=float(v), low=float(a), high=float(b)) for v, a, b in zip(values, low, high, strict=True)]


def _resampled(score: Score, student: np.ndarray, candidates: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The score of each candidate on each of the draws `(D, N)` of probes, `(D, M)`.

    With 1,000 classes that would take minutes, were it computed from all that they answer each time.
    """
    if score.weights is not None:
        by_probe = [score.compute(student[[i]], candidates[:, [i]]) for i in range(len(student))]
        return weighted_mean(np.stack(by_probe, axis=1)[:, draws], score.weights(student)[draws]).T
    if score.by_products:
        student, candidates = _compact(student, candidates)
    return np.array([score.compute(student[draw], candidates[:, draw]) for draw in draws])


def _compact(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers of M + 2 classes, centred, whose products, probe by probe, are those of the centred answers given."""
    models, _, classes = candidates.shape
    if classes <= models + 2:
        return student, candidates
    answers = np.moveaxis(centre(np.concatenate([candidates, student[None]])), 0, -1)  # (N, K, M + 1)
    coordinates = np.linalg.qr(answers, mode="r").mT  # (N, M + 1, M + 1)
    compact = np.moveaxis(coordinates @ helmert(models + 2), 1, 0)
    return compact[-1], compact[:-1]


def _interval(estimate: Estimate) -> tuple[float, float] | None:
    return None if estimate.low is None or estimate.high is None else (estimate.low, estimate.high)


def _two_alike(candidates: np.ndarray) -> bool:
    flat = centred_vectors(candidates)
    norms = np.linalg.norm(flat, axis=1)
    for i, one in enumerate(flat):
        for j in range(i):
            if np.linalg.norm(one - flat[j]) <= ALIKE * max(norms[i], norms[j]):
                return True
    return False
