"""What a run may spend and has spent, in images sent, over all its tries; written down before it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from core.results import Queries
from core.runs.folder import RunFolder
from core.teachers.asking import Reply
from core.teachers.purse import Purse


class Account:
    """The account of one try. For any number of threads.

    Images count as sent just before they are, and stand so in the run folder: where a worker is killed, the next try
    knows of all that was sent, and at most of the calls that were about to go too much.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._writing = folder, threading.Lock()
        self._asked: set[str] = set()
        self._sent: dict[str, int] = {}  # images, by candidate, earlier tries included
        for entry in folder.answers():
            self._asked.update(entry.get("asked", ()))
            if "sent" in entry:
                self._sent[entry["candidate"]] = max(self._sent.get(entry["candidate"], 0), entry["sent"])
        self._budgets = folder.budgets()
        self._run = Purse("this audit", self._budgets.run, sum(self._sent.values()))
        self._purses: dict[str, Purse] = {}
        self._cached = 0

    def purse(self, candidate: str) -> Purse:
        """What may be spent on a candidate, the run's own budget included."""
        if candidate not in self._purses:
            limit, spent = self._budgets.candidates.get(candidate), self._sent.setdefault(candidate, 0)
            self._purses[candidate] = _Booked(partial(self._book, candidate), candidate, limit, spent, within=self._run)
        return self._purses[candidate]

    @property
    def run(self) -> str:
        """Whose account it is."""
        return self._folder.run

    @property
    def left(self) -> int | None:
        """Images that the run may still send; None for any number."""
        return self._run.left

    def asking(self, probe_set: str, candidate: str, keys: Sequence[str]) -> None:
        """Write down which answers are going to be asked for.

        Those that are in the cache when the run goes on were paid for by it, even where its worker was killed before
        it could say so.
        """
        self._write({"candidate": candidate, "probe_set": probe_set, "asked": keys})

    def heard(self, probe_set: str, reply: Reply) -> None:
        """Write down which answers came."""
        self._cached += len(set(reply.keys) - self._asked) if reply.known else 0
        self._write({"candidate": reply.candidate, "probe_set": probe_set, "keys": reply.keys})

    def queries(self) -> Queries:
        """What this run has cost so far, earlier tries included."""
        with self._writing:
            by_candidate = dict(self._sent)
        return Queries(sent=sum(by_candidate.values()), cached=self._cached, by_candidate=by_candidate)

    def _book(self, candidate: str, images: int) -> None:
        with self._writing:
            self._sent[candidate] += images
            self._folder.append_answers({"candidate": candidate, "sent": self._sent[candidate]})

    def _write(self, entry: dict[str, object]) -> None:
        with self._writing:
            self._folder.append_answers(entry)


class _Booked(Purse):
    """A purse that tells `book` of each amount that is taken from it."""

    def __init__(self, book: Callable[[int], None], *purse: object, within: Purse) -> None:
        super().__init__(*purse, within=within)
        self._book = book

    def take(self, images: int) -> None:
        super().take(images)
        self._book(images)
