"""Set scores: a comparison of two clouds of answers as wholes.

A raw value says nothing without its null: with few probes and many classes even noise aligns well. So
the aligned cosine comes with a z value against pairings of student and candidate that were shuffled.
That is its uncertainty. A bootstrap is none: probes drawn twice align too well.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import centre, score

PERMUTATIONS = 200
PERMUTATION_SEED = 0  # the null is the same for every candidate and every audit


@score(
    "acs",
    label="Aligned cosine (ACS)",
    explanation="How well the candidate's answers can be rotated onto the student's, as one cloud onto another.",
    range="-1 to 1",
    resampled=False,
)
def aligned_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Aligned cosine similarity, arXiv 2510.02302: centre over probes, rotate by orthogonal Procrustes
    (Schönemann, 1966), mean cosine of rows.

    >>> answers = np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
    >>> aligned_cosine(answers, answers[None, :, [2, 0, 1]]).round(6).tolist()
    [1.0]
    """
    student = _cloud(student)
    return np.array([_aligned(student, _cloud(candidate)) for candidate in candidates])


@score(
    "acs_z",
    label="ACS against chance",
    explanation="How many standard deviations the aligned cosine lies above that of shuffled pairs of answers.",
    range="standard deviations",
    resampled=False,
)
def aligned_cosine_z(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`(ACS - mean) / sd` of ACS over `PERMUTATIONS` random pairings of probes; 0 where the sd vanishes."""
    generator = np.random.default_rng(PERMUTATION_SEED)
    orders = [generator.permutation(len(student)) for _ in range(PERMUTATIONS)]
    student = _cloud(student)
    values = []
    for cloud in map(_cloud, candidates):
        null = np.array([_aligned(student[order], cloud) for order in orders])
        spread = null.std(ddof=1)
        values.append((_aligned(student, cloud) - null.mean()) / spread if spread > 0 else 0.0)
    return np.array(values)


def _cloud(log_probs: np.ndarray) -> np.ndarray:
    """`(N, K)` centred over classes, then over probes; turned into N dimensions where K is larger.

    Any rotation of a cloud aligns as well as the cloud itself, and N points span N dimensions at most.
    """
    cloud = centre(log_probs)
    cloud = cloud - cloud.mean(axis=0)
    probes, classes = cloud.shape
    return cloud if classes <= probes else np.linalg.qr(cloud.T, mode="r").T


def _aligned(student: np.ndarray, candidate: np.ndarray) -> float:
    u, _, vt = np.linalg.svd(candidate.T @ student)
    rotated = candidate @ (u @ vt)
    norms = np.linalg.norm(rotated, axis=1) * np.linalg.norm(student, axis=1)
    cosines = np.divide((rotated * student).sum(axis=1), norms, out=np.zeros(len(student)), where=norms > 0)
    return float(cosines.mean())
