"""Aligned cosine: two clouds of answers as wholes, one rotated onto the other.

A raw value says nothing without its null: with few probes and many classes even noise aligns well. So
it comes with a z value against pairings of student and candidate that were shuffled. That is its
uncertainty. A bootstrap is none: probes drawn twice align too well.

Scaling a cloud, rotating it or naming its classes in another order changes neither score. Labels are not enough:
where two models use few of the classes, their cross table is singular and the best rotation not the only one.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import score
from core.scoring.vectors import centre, cosine

PERMUTATIONS = 200
PERMUTATION_SEED = 0  # the null is the same for every candidate and every audit


@score(
    "acs",
    label="Aligned cosine (ACS)",
    explanation="How well the candidate's answers can be rotated onto the student's, as one cloud onto another; told "
    "where there are more probes than classes.",
    range="-1 to 1",
    min_probes=3,
    resampled=False,
    saturates=True,
)
def aligned_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Aligned cosine similarity, arXiv 2510.02302: centre over probes, rotate by orthogonal Procrustes
    (Schönemann, 1966), mean cosine of rows.

    >>> answers = np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
    >>> aligned_cosine(answers, answers[None, :, [2, 0, 1]]).round(6).tolist()
    [1.0]
    """
    return _aligned(_cloud(student), _cloud(candidates))


@score(
    "acs_z",
    label="ACS against chance",
    explanation="How many standard deviations the aligned cosine lies above that of shuffled pairs of answers.",
    range="standard deviations",
    min_probes=4,
    resampled=False,
    costly=True,
)
def aligned_cosine_z(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`(ACS - mean) / sd` of ACS over `PERMUTATIONS` random pairings of probes; 0 where the sd vanishes."""
    generator = np.random.default_rng(PERMUTATION_SEED)
    student, candidates = _cloud(student), _cloud(candidates)
    shuffled = (generator.permutation(student) for _ in range(PERMUTATIONS))
    null = np.array([_aligned(cloud, candidates) for cloud in shuffled])
    spread = null.std(axis=0, ddof=1)
    above = _aligned(student, candidates) - null.mean(axis=0)
    return np.divide(above, spread, out=np.zeros_like(above), where=spread > 1e-9)


def _cloud(log_probs: np.ndarray) -> np.ndarray:
    """`(..., N, K)` centred over classes, then over probes; turned into N dimensions where K is larger.

    Any rotation of a cloud aligns as well as the cloud itself, and N points span N dimensions at most.
    """
    cloud = centre(log_probs)
    cloud = cloud - cloud.mean(axis=-2, keepdims=True)
    probes, classes = cloud.shape[-2:]
    return cloud if classes <= probes else np.linalg.qr(cloud.mT, mode="r").mT


def _aligned(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`(M,)` from clouds `(N, D)` and `(M, N, D)`."""
    u, _, vt = np.linalg.svd(candidates.mT @ student)
    return cosine(candidates @ (u @ vt), student).mean(axis=-1)
