"""Put sets of probes to all candidates, tell how it goes, and keep the account of queries."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np

from core.config import AuditConfig
from core.events import Answered, OnEvent, Ranked
from core.results import Queries
from core.runs.folder import RunFolder
from core.scoring.ranking import applicable_score, log_probabilities, rank
from core.scoring.table import SCORES
from core.scoring.vectors import log_softmax
from core.students.base import Student
from core.synthesis.base import Probes
from core.teachers.asking import Reply, Witness, ask
from core.teachers.cache import AnswerCache

FLOOR = 1e-6  # smallest probability told apart from 0, for student and candidates alike
LIVE_RESAMPLES = 200  # for the intervals of bars that are still moving


class Interview:
    """Puts sets of probes to all candidates, tells how it goes, and keeps the account of queries."""

    def __init__(
        self,
        config: AuditConfig,
        student: Student,
        witnesses: Sequence[Witness],
        cache: AnswerCache,
        folder: RunFolder,
        on_event: OnEvent,
        cancelled: threading.Event,
    ) -> None:
        self._config, self._student, self._witnesses = config, student, witnesses
        self._cache, self._folder, self._on_event, self._cancelled = cache, folder, on_event, cancelled
        self._total = config.num_answers(len(witnesses))
        self._done = self._cached = 0
        self._asked, self._sent_before = _account(folder)
        self._writing = threading.Lock()

    def about(self, name: str, probes: Probes) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Log-probabilities of the student `(N, K)` and of each candidate `(N, K)` by name."""
        student = np.maximum(log_softmax(self._student.logits(probes.images)), np.log(FLOOR))
        outputs = {witness.teacher.name: witness.capabilities.output for witness in self._witnesses}
        answers: dict[str, np.ndarray] = {}
        replies = ask(
            self._witnesses,
            probes.images,
            self._cache,
            cancelled=self._cancelled,
            on_ask=lambda candidate, keys: self._write({"candidate": candidate, "probe_set": name, "asked": keys}),
            on_reply=lambda reply: self._heard(name, reply),
        )
        with self._accounted(), closing(replies):
            for so_far in replies:
                answers = {
                    candidate: log_probabilities(given, outputs[candidate], FLOOR)
                    for candidate, given in so_far.items()
                }
                self._rank_so_far(name, student, answers)
        self._folder.save_answers(name, student, answers)
        return student, answers

    def _rank_so_far(self, probe_set: str, student: np.ndarray, answers: dict[str, np.ndarray]) -> None:
        """Tell how candidates stand whose answers are to the first of the student's probes."""
        asked = len(next(iter(answers.values())))
        score, _ = applicable_score(self._config.score, np.stack(list(answers.values())))
        ranking = rank(
            student[:asked],
            answers,
            by=score,
            resamples=LIVE_RESAMPLES,
            generator=np.random.default_rng(self._config.seed),
            scores={score: SCORES[score]},
        )
        self._on_event(Ranked(probe_set=probe_set, probes=asked, ranking=ranking))

    def queries(self) -> Queries:
        """What this run has cost so far, earlier tries included."""
        by_candidate = {
            witness.teacher.name: self._sent_before.get(witness.teacher.name, 0) + witness.teacher.sent
            for witness in self._witnesses
        }
        return Queries(sent=sum(by_candidate.values()), cached=self._cached, by_candidate=by_candidate)

    @contextmanager
    def _accounted(self) -> Iterator[None]:
        """Whatever ends it, what was sent until then is written down."""
        try:
            yield
        finally:
            for candidate, sent in self.queries().by_candidate.items():
                self._write({"candidate": candidate, "sent": sent})

    def _heard(self, probe_set: str, reply: Reply) -> None:
        self._done += len(reply.keys)
        self._cached += len(set(reply.keys) - self._asked) if reply.known else 0
        self._write(
            {
                "candidate": reply.candidate,
                "probe_set": probe_set,
                "keys": reply.keys,
                "sent": self._sent_before.get(reply.candidate, 0) + reply.sent,
            }
        )
        self._on_event(
            Answered(
                probe_set=probe_set,
                candidate=reply.candidate,
                done=self._done,
                total=self._total,
                asked=0 if reply.known else len(reply.keys),
                sent=self.queries().sent,
                cached=self._cached,
            )
        )

    def _write(self, entry: dict[str, object]) -> None:
        with self._writing:
            self._folder.append_answers(entry)


def _account(folder: RunFolder) -> tuple[frozenset[str], dict[str, int]]:
    """What earlier tries of a run asked for: the answers' keys, and images sent by candidate.

    Keys are written down before they are asked for. Those that are in the cache when the run goes on were paid for
    by it, even where its worker was killed before it could say so.
    """
    asked: set[str] = set()
    sent: dict[str, int] = {}
    for entry in folder.answers():
        asked.update(entry.get("asked", ()))
        if "sent" in entry:
            sent[entry["candidate"]] = max(sent.get(entry["candidate"], 0), entry["sent"])
    return frozenset(asked), sent
