"""What a run may spend and has spent, in images sent, over all its tries; written down as it happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.results import Queries
from core.runs.folder import RunFolder
from core.teachers.asking import Reply
from core.teachers.base import Teacher
from core.teachers.purse import Purse


class Account:
    """The account of one try. For any number of threads."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._writing = folder, threading.Lock()
        self._asked: set[str] = set()
        self._before: dict[str, int] = {}  # images sent in earlier tries, by candidate
        for entry in folder.answers():
            self._asked.update(entry.get("asked", ()))
            if "sent" in entry:
                self._before[entry["candidate"]] = max(self._before.get(entry["candidate"], 0), entry["sent"])
        self._budgets = folder.budgets()
        self._run = Purse("this audit", self._budgets.run, sum(self._before.values()))
        self._purses: dict[str, Purse] = {}
        self._teachers: list[Teacher] = []
        self._cached = 0

    def purse(self, candidate: str) -> Purse:
        """What may be spent on a candidate, the run's own budget included."""
        if candidate not in self._purses:
            limit, spent = self._budgets.candidates.get(candidate), self._before.get(candidate, 0)
            self._purses[candidate] = Purse(candidate, limit, spent, within=self._run)
        return self._purses[candidate]

    @property
    def left(self) -> int | None:
        """Images that the run may still send; None for any number."""
        return self._run.left

    def watch(self, teachers: Sequence[Teacher]) -> None:
        """Count what these send."""
        self._teachers = list(teachers)

    def asking(self, probe_set: str, candidate: str, keys: Sequence[str]) -> None:
        """Write down which answers are going to be asked for.

        Those that are in the cache when the run goes on were paid for by it, even where its worker was killed before
        it could say so.
        """
        self._write({"candidate": candidate, "probe_set": probe_set, "asked": keys})

    def heard(self, probe_set: str, reply: Reply) -> None:
        """Write down which answers came."""
        self._cached += len(set(reply.keys) - self._asked) if reply.known else 0
        sent = self._before.get(reply.candidate, 0) + reply.sent
        self._write({"candidate": reply.candidate, "probe_set": probe_set, "keys": reply.keys, "sent": sent})

    def queries(self) -> Queries:
        """What this run has cost so far, earlier tries included."""
        by_candidate = {one.name: self._before.get(one.name, 0) + one.sent for one in self._teachers}
        by_candidate = self._before | by_candidate
        return Queries(sent=sum(by_candidate.values()), cached=self._cached, by_candidate=by_candidate)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever ends it, what was sent until then is written down."""
        try:
            yield
        finally:
            for candidate, sent in self.queries().by_candidate.items():
                self._write({"candidate": candidate, "sent": sent})

    def _write(self, entry: dict[str, object]) -> None:
        with self._writing:
            self._folder.append_answers(entry)
