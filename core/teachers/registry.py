"""From a candidate's configuration to a teacher that can be asked. Free of torch."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import get_args

from core.candidates import CandidateConfig, Protocol
from core.teachers.base import ADAPTERS, USUAL, Teacher, Terms
from core.teachers.transport import PATIENT, Retry, Transport

# An adapter's module is called like its protocol; importing it puts the adapter into the table
for _protocol in get_args(Protocol):
    import_module(f"core.teachers.{_protocol}")


def open_teacher(
    candidate: CandidateConfig,
    *,
    key: str | None = None,
    cancelled: threading.Event | None = None,
    terms: Terms = USUAL,
    retry: Retry = PATIENT,
) -> Teacher:
    """A teacher for `candidate`; nothing is sent yet.

    Args:
        key: of its API, see `core.teachers.keys`.
        cancelled: makes whatever call is in progress raise `Cancelled`, soon after it is set.
        terms: on which it is asked.

    Raises:
        TeacherError: `key` holds characters that cannot be sent.
    """
    return ADAPTERS[candidate.protocol](Transport(candidate, key=key, cancelled=cancelled, retry=retry), terms)
