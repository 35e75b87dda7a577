"""Try a candidate before an audit: does it answer, with what, and does that look healthy?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from core.candidates import CandidateConfig, Output
from core.errors import AuditError
from core.students.inspection import inspect_checkpoint
from core.teachers.addresses import is_loopback
from core.teachers.answers import SUM_TOLERANCE
from core.teachers.arrangement import other_classes
from core.teachers.base import Capabilities
from core.teachers.local import local_config, other_shape, sent_shape
from core.teachers.registry import open_teacher
from core.teachers.told import shown
from core.teachers.transport import Retry

IMPATIENT = Retry(attempts=2, first=0.2, longest_asked=2.0)  # somebody is looking on
ALMOST_SURE = 0.999
OUTPUTS: dict[Output, str] = {
    "logits": "logits",
    "probs": "probabilities",
    "top_k": "the strongest classes",
    "labels": "a label",
}
ALMOST_UNIFORM = 1.5  # times 1 / K, of the strongest class


@dataclass(frozen=True)
class ConnectionReport:
    """What came back for the two test images, mid-grey and random pixels."""

    ok: bool
    message: str  # plain words, of the connection or of the error
    capabilities: Capabilities | None = None
    sums: tuple[float, ...] = ()  # over the classes, one for each image
    top1: tuple[int, ...] = ()  # the strongest class, one for each image
    latency: float | None = None  # seconds a call
    warnings: tuple[str, ...] = ()  # of what works, but is likely not meant


def check_connection(
    candidate: CandidateConfig,
    *,
    key: str | None,
    probe_shape: tuple[int, int, int],
    class_names: Sequence[str] | None,
) -> ConnectionReport:
    """Connect to `candidate`, which asks it two test images; a failure is in the report, never raised.

    One whose weights are here is loaded in a process of its own, and asked nothing: torch stays out of this one.

    Args:
        probe_shape: `(C, H, W)` of the student's images.
        class_names: of the student; None to accept any number of classes.
    """
    if not candidate.is_remote:
        return _inspected(candidate, probe_shape, class_names)
    try:
        capabilities = open_teacher(candidate, key=key, retry=IMPATIENT).connect(probe_shape, class_names)
    except AuditError as error:
        return ConnectionReport(ok=False, message=str(error))
    answers, kind = capabilities.trial, OUTPUTS[capabilities.output]
    return ConnectionReport(
        ok=True,
        message=f"answers {kind} of {capabilities.num_classes} classes in {1000 * capabilities.latency:.0f} ms",
        capabilities=capabilities,
        sums=tuple(float(total) for total in np.nansum(answers, axis=1)),
        top1=tuple(int(strongest) for strongest in np.nan_to_num(answers, nan=-np.inf).argmax(axis=1)),
        latency=capabilities.latency,
        warnings=(*_exposure(candidate, key), *_doubts(answers, capabilities)),
    )


def _inspected(
    candidate: CandidateConfig, probe_shape: tuple[int, int, int], class_names: Sequence[str] | None
) -> ConnectionReport:
    try:
        config = local_config(candidate, probe_shape)
    except AuditError as error:
        return ConnectionReport(ok=False, message=str(error))
    found = inspect_checkpoint(config)
    if found.summary is None:
        return ConnectionReport(ok=False, message=f"{candidate.name}: {found.error}")
    spec, classes = found.summary.input, found.summary.num_classes
    shape = (spec.channels, spec.height, spec.width)
    if shape != (sent := sent_shape(candidate, probe_shape)):
        return ConnectionReport(ok=False, message=str(other_shape(candidate.name, shape, sent)))
    if class_names is not None and candidate.classes is None and classes < len(class_names):
        return ConnectionReport(ok=False, message=str(other_classes(candidate.name, classes, len(class_names))))
    return ConnectionReport(ok=True, message=f"loads and answers logits of {classes} classes")


def _exposure(candidate: CandidateConfig, key: str | None) -> list[str]:
    address = urlsplit(candidate.url)
    if key is None or address.scheme == "https" or is_loopback(address.hostname or ""):
        return []
    return ["The key travels unencrypted: use an https address if there is one."]


def _doubts(answers: np.ndarray, capabilities: Capabilities) -> list[str]:
    """Signs of wrong preprocessing in `(N, K)` answers."""
    doubts = []
    probs = _softmax(answers) if capabilities.output == "logits" else np.nan_to_num(answers)
    top = probs.max(axis=1)
    if np.all(top < ALMOST_UNIFORM / capabilities.num_classes):
        doubts.append("All classes get almost the same answer: the model may be untrained, or expect other pixels.")
    elif capabilities.output != "labels" and np.ptp(probs, axis=0).max() < 1e-6:
        doubts.append("A grey and a random image get the same answer: the server may not look at its input.")
    elif np.all(top > ALMOST_SURE) and len(set(probs.argmax(axis=1))) == 1:
        doubts.append(
            f"Class {probs[0].argmax()} is certain for a grey and for a random image: "
            "the model may expect other pixels."
        )
    if capabilities.output == "probs" and np.abs(answers.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        doubts.append("The probabilities do not sum to 1: the server seems to round them, which costs accuracy.")
    unknown = [label for label, ours in capabilities.matched.items() if ours is None]
    if unknown:
        doubts.append(f"Of its labels, these are no class of the student: {shown(', '.join(unknown))}.")
    return doubts


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
