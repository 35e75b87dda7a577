"""Losses by which a student learns from a teacher. Pure functions of batches; each a scalar, the batch's mean."""

from __future__ import annotations

import torch
from torch.nn import functional as F

TARGET_BOOST = 1.4  # gamma of OFA's adaptive target


def kd_loss(student_logits: torch.Tensor, teacher_logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """`T^2 KL(softmax(teacher / T) || softmax(student / T))` for logits `(N, K)`.

    Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
    """
    log_p = F.log_softmax(teacher_logits / temperature, dim=1)
    log_q = F.log_softmax(student_logits / temperature, dim=1)
    return temperature**2 * F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def distance_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """RKD-D: Huber loss between pairwise distances, each in units of its model's mean distance.

    Park et al., "Relational Knowledge Distillation", 2019; embeddings `(N, D)` and `(N, D')`.
    """
    return F.smooth_l1_loss(_relative_distances(student), _relative_distances(teacher))


def angle_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """RKD-A: Huber loss between the cosines of the angles that triplets of embeddings form (Park et al., 2019)."""
    return F.smooth_l1_loss(_angles(student), _angles(teacher))


def ofa_loss(student_logits: torch.Tensor, teacher_logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """`-(1 + p_y)^gamma log q_y - sum_{c != y} p_c log q_c` with teacher p, student q and label y.

    The adaptive target of Hao et al., "One-for-All: Bridge the Gap Between Heterogeneous Architectures in
    Knowledge Distillation", 2023: the surer the teacher is of the right class, the more that class weighs.
    """
    p = teacher_logits.softmax(dim=1)
    at_label = F.one_hot(labels, p.shape[1]).bool()
    weights = torch.where(at_label, (1 + p) ** TARGET_BOOST, p)
    return -(weights * F.log_softmax(student_logits, dim=1)).sum(dim=1).mean()


def _relative_distances(embeddings: torch.Tensor) -> torch.Tensor:
    squares = (embeddings[:, None] - embeddings[None]).square().sum(dim=2)
    distances = squares.clamp(min=1e-12).sqrt()  # the root has no gradient at 0
    apart = ~torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    distances = distances[apart]
    return distances / distances.mean()


def _angles(embeddings: torch.Tensor) -> torch.Tensor:
    """Cosines `(N, N, N)` at each embedding between the directions to two others."""
    directions = F.normalize(embeddings[None] - embeddings[:, None], dim=2)
    return directions @ directions.transpose(1, 2)
