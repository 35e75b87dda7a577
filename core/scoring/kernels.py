"""Centred kernel alignment: do two models find the same probes alike, and the same ones different?

Each model's answers give an N x N matrix of similarities between probes; CKA is the cosine between two such
matrices, centred. Kornblith et al., "Similarity of Neural Network Representations Revisited", arXiv 1905.00414.

A raw value says nothing without its null: with few probes and many classes that of noise is near 1. Two ways
out: `cka_debiased` lies around 0 where answers have nothing in common, and `cka_z` counts standard deviations
above shuffled pairings. A bootstrap over probes is no third: a probe drawn twice is most similar to itself.

Scaling a model's answers, rotating them or naming their classes in another order changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.scoring.base import ANY_ANSWER, PROBABILITIES, score, variant
from core.scoring.vectors import centre, cosine

Kernel = Callable[[np.ndarray], np.ndarray]


def linear(answers: np.ndarray) -> np.ndarray:
    """Products `(..., N, N)` of answers `(..., N, K)`."""
    return answers @ answers.mT


def rbf(answers: np.ndarray) -> np.ndarray:
    """`exp(-d^2 / 2 s^2)`, with `s^2` the median of the squared distances d^2 between different probes."""
    products = linear(answers)
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    distances = np.maximum(squares[..., :, None] + squares[..., None, :] - 2 * products, 0)
    pairs = distances[..., *np.triu_indices(distances.shape[-1], 1)]
    width = 2 * np.median(pairs, axis=-1)[..., None, None]
    return np.exp(-np.divide(distances, width, out=np.zeros_like(distances), where=width > 0))


@score(
    "cka",
    label="CKA",
    explanation="Whether both models find the same probes alike and the same ones different.",
    range="0 to 1",
    min_probes=3,
    answers=ANY_ANSWER,
    resampled=False,
    saturates=True,
)
def cka(student: np.ndarray, candidates: np.ndarray, *, kernel: Kernel = linear) -> np.ndarray:
    """`HSIC(S, C_k) / sqrt(HSIC(S, S) HSIC(C_k, C_k))`, the `HSIC(S, C) = tr(S H C H) / (N - 1)^2` of
    Gretton et al., 2005, H the centring matrix.

    >>> answers = np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
    >>> cka(answers, np.stack([answers[:, [2, 0, 1]], answers[[1, 0, 2]]])).round(3).tolist()
    [1.0, 0.829]
    """
    return _alignment(_centred(kernel(centre(student))), _centred(kernel(centre(candidates))))


@score(
    "cka_debiased",
    label="CKA, debiased",
    explanation="CKA without the part that any two models share when the probes are few: 0 means nothing in common.",
    range="-1 to 1",
    min_probes=4,
    answers=ANY_ANSWER,
    resampled=False,
)
def cka_debiased(student: np.ndarray, candidates: np.ndarray, *, kernel: Kernel = linear) -> np.ndarray:
    """CKA with the unbiased HSIC of Song et al., "Feature Selection via Dependence Maximization", JMLR 2012, as
    in Nguyen et al., arXiv 2010.15327.

    >>> answers = np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6], [0.3, 0.3, 0.4], [0.1, 0.8, 0.1]])
    >>> cka_debiased(answers, np.stack([answers[:, [2, 0, 1]], answers[[1, 0, 2, 4, 3]]])).round(3).tolist()
    [1.0, 0.788]
    """
    return _alignment(_u_centred(kernel(centre(student))), _u_centred(kernel(centre(candidates))))


@score(
    "cka_z",
    label="CKA against chance",
    explanation="How many standard deviations CKA lies above that of shuffled pairs of answers.",
    range="standard deviations",
    min_probes=4,
    answers=ANY_ANSWER,
    resampled=False,
)
def cka_z(student: np.ndarray, candidates: np.ndarray, *, kernel: Kernel = linear) -> np.ndarray:
    """`(CKA - mean) / sd` over all N! pairings of probes, whose mean and sd are known in closed form: Kazi-Aoual
    et al., "Refined approximations to permutation tests for multivariate inference", 1995; as written in Josse,
    Pagès and Husson, "Testing the significance of the RV coefficient", 2008. 0 where every pairing
    gives the same.
    """
    n = len(student)
    one, others = _centred(kernel(centre(student))), _centred(kernel(centre(candidates)))
    (beta, tau), (betas, taus) = _shape(one), _shape(others)
    mean = np.sqrt(beta * betas) / (n - 1)
    variance = (n - 1 - beta) * (n - 1 - betas) + (n - 1) / (2 * n * (n - 3)) * tau * taus
    sd = np.sqrt(np.maximum(2 * variance / ((n + 1) * (n - 1) ** 2 * (n - 2)), 0))
    above = _alignment(one, others) - mean
    return np.divide(above, sd, out=np.zeros_like(above), where=sd > 1e-9)


for _name in ("cka", "cka_debiased", "cka_z"):
    variant(
        _name,
        f"{_name}_rbf",
        label="RBF",
        explanation="Only which answers are near each other counts, not how far apart the others are.",
        answers=PROBABILITIES,  # on labels it says what the linear kernel says
        kernel=rbf,
    )


def _alignment(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of a matrix `(N, N)` and each of `(M, N, N)`."""
    return cosine(one.ravel(), others.reshape(len(others), -1))


def _centred(gram: np.ndarray) -> np.ndarray:
    """`H K H`: rows and columns sum to 0."""
    rows = gram.mean(axis=-1, keepdims=True)
    return gram - rows - rows.mT + rows.mean(axis=-2, keepdims=True)


def _u_centred(gram: np.ndarray) -> np.ndarray:
    """Without the diagonal, rows and columns summing to 0: products of two such are Song's HSIC times N(N - 3).

    Székely and Rizzo, "Partial distance correlation with methods for dissimilarities", 2014.
    """
    n = gram.shape[-1]
    off = ~np.eye(n, dtype=bool)
    rows = np.where(off, gram, 0).sum(axis=-1, keepdims=True)
    total = rows.sum(axis=-2, keepdims=True) / ((n - 1) * (n - 2))
    return np.where(off, gram - (rows + rows.mT) / (n - 2) + total, 0)


def _shape(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """beta, how many directions the answers spread over, 1 to N - 1; and how far single probes stand out."""
    n = gram.shape[-1]
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    square = (gram**2).sum(axis=(-2, -1))
    some = square > 0
    beta = np.divide(diagonal.sum(axis=-1) ** 2, square, out=np.full_like(square, n - 1), where=some)
    peaked = np.divide((diagonal**2).sum(axis=-1), square, out=np.zeros_like(square), where=some)
    return beta, n * (n + 1) * peaked - (n - 1) * (beta + 2)
