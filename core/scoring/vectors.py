"""What several families of scores do to vectors of log-probabilities."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-9  # of a vector's length: a shorter remainder is rounding error, and its direction is chance


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of logits, over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def centre(log_probs: np.ndarray) -> np.ndarray:
    """Log-probabilities minus their mean over classes (last axis): logits without their free constant.

    >>> centre(np.log([[0.5, 0.25, 0.25]])).round(3).tolist()
    [[0.462, -0.231, -0.231]]
    """
    return log_probs - log_probs.mean(axis=-1, keepdims=True)


def centred_vectors(log_probs: np.ndarray) -> np.ndarray:
    """Log-probabilities `(..., N, K)`, centred, as vectors `(..., N * K)`."""
    return centre(log_probs).reshape(*log_probs.shape[:-2], -1)


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosine over the last axis, the others broadcast; 0 where a vector has no length."""
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    products = np.einsum("...i,...i->...", one, other)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors along the last axis at length 1; those without length stay as they are."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)


def minus(vectors: np.ndarray, common: np.ndarray) -> np.ndarray:
    """`vectors - common`, and 0 where nothing but rounding error is left."""
    rest = vectors - common
    left = np.linalg.norm(rest, axis=-1, keepdims=True) > ROUNDING * np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(left, rest, 0.0)


def without(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """What of `vectors` is orthogonal to `direction`, along the last axis."""
    towards = unit(direction)
    return minus(vectors, np.einsum("...i,...i->...", vectors, towards)[..., None] * towards)
