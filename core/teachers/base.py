"""The `Teacher` protocol, what a teacher declares of itself, and the table of adapters. Free of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.candidates import Output
from core.teachers.purse import Purse
from core.teachers.transport import Transport
from core.teachers.trials import Trials


@dataclass(frozen=True)
class Capabilities:
    """What a teacher can do, as declared by its server and verified on two test images."""

    output: Output
    num_classes: int  # K, of its rows
    max_batch: int
    input_shape: tuple[int, int, int] | None  # (C, H, W); None where the server does not say
    identity: str  # protocol, host, model, version and pixels: equal identities give equal answers
    latency: float  # seconds, of the last call with test images, waiting for its turn left out
    trial: np.ndarray = field(compare=False, repr=False)  # its answers to them, (2, K)
    max_concurrency: int = 1  # calls at a time
    matched: Mapping[str, str | None] = field(default_factory=dict)  # the student's class by label, of labels seen


class Teacher(Protocol):
    """A model that can only be asked: once it is connected, from any number of threads at a time."""

    name: str

    def connect(self, probe_shape: tuple[int, int, int], class_names: Sequence[str] | None = None) -> Capabilities:
        """Read what the server declares, ask two test images of `probe_shape` and verify the answer.

        Args:
            probe_shape: `(C, H, W)` that the audit will send.
            class_names: of the student, in the order of its logits; None to accept any number of classes.

        Raises:
            TeacherError: unreachable, refused, or its answers are of no use; says which and what to do.
        """
        ...

    def query(self, images: np.ndarray) -> np.ndarray:
        """Answers `(N, K)` float64 to uint8 images `(N, C, H, W)`, in the student's order of classes.

        Logits or probabilities as the server gives them; NaN for classes that it tells nothing of; 1 for a bare
        label. `N` is at most the largest batch of its capabilities. Raises `TeacherError`.
        """
        ...

    @property
    def sent(self) -> int:
        """Images sent over the network since it was made, repeated ones counted each time."""
        ...


@dataclass(frozen=True)
class Terms:
    """On which an audit asks a candidate.

    Attributes:
        identity: in place of the one that protocol, address, model, version and pixels give. For a served zoo the
            model's hash, so that a server on another port is the same teacher.
        purse: what may be spent; None for as much as it takes.
        trials: answers to test images that still hold; None to ask them in any case.
    """

    identity: str | None = None
    purse: Purse | None = None
    trials: Trials | None = None


USUAL = Terms()
OpenTeacher = Callable[[Transport, Terms], Teacher]
ADAPTERS: dict[str, OpenTeacher] = {}


def adapter(protocol: str) -> Callable[[OpenTeacher], OpenTeacher]:
    """Register an adapter for a protocol's name.

    An adapter is a callable `(transport, terms) -> Teacher`. The transport knows the candidate, its key and whether
    the user cancelled.
    """

    def register(opener: OpenTeacher) -> OpenTeacher:
        ADAPTERS[protocol] = opener
        return opener

    return register
