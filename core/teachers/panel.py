"""The candidates of one audit, opened: named by address, or served by this process itself. Free of torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.candidates import CandidateConfig
from core.config import AuditConfig
from core.teachers.base import Teacher, Terms
from core.teachers.keys import key_of
from core.teachers.registry import open_teacher
from core.zoo.hosting import Hosted, HostedZoo, served_demo


class Panel:
    """Who will be asked. For a served zoo, `teachers` waits until its server takes calls."""

    def __init__(self, config: AuditConfig, zoo: HostedZoo | None, cancelled: threading.Event) -> None:
        self._config, self._zoo, self._cancelled = config, zoo, cancelled

    def teachers(self, terms: Callable[[CandidateConfig], Terms]) -> list[Teacher]:
        """One for each candidate, none connected yet, on the `terms` for it.

        Raises:
            TeacherError: the server of the demo's does not start.
            InputError: a key is missing.
        """
        hosted = self._zoo.ready(self._cancelled) if self._zoo else Hosted(self._config.candidates, {})
        return [
            open_teacher(
                candidate,
                key=key_of(candidate),
                cancelled=self._cancelled,
                terms=replace(terms(candidate), identity=hosted.identities.get(candidate.name)),
            )
            for candidate in hosted.candidates
        ]


@contextmanager
def open_panel(config: AuditConfig, cancelled: threading.Event) -> Iterator[Panel]:
    """The panel of `config`; a server that it needs starts now and stops at the end of the block."""
    if config.serve is None:
        yield Panel(config, None, cancelled)
    else:
        with served_demo() as zoo:
            yield Panel(config, zoo, cancelled)
