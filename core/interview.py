"""Put sets of probes to all candidates, tell how it goes, and keep the account of queries."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import torch

from core.config import AuditConfig
from core.events import Answered, OnEvent, Ranked
from core.results import Queries
from core.runs.folder import RunFolder
from core.scoring.ranking import applicable_score, log_probabilities, log_softmax, rank
from core.scoring.table import SCORES
from core.students.base import Student
from core.synthesis.base import Probes, pixels
from core.teachers.asking import Reply, Witness, ask
from core.teachers.cache import AnswerCache

FLOOR = 1e-6  # smallest probability told apart from 0, for student and candidates alike
LIVE_RESAMPLES = 200  # for the intervals of bars that are still moving
BATCH = 256


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
        self._total = config.num_queries(len(witnesses))
        self._done = self._cached = 0

    def about(self, name: str, probes: Probes) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Log-probabilities of the student `(N, K)` and of each candidate `(N, K)` by name."""
        student = np.maximum(log_softmax(_logits(self._student, probes)), np.log(FLOOR))
        outputs = {witness.teacher.name: witness.capabilities.output for witness in self._witnesses}
        answers: dict[str, np.ndarray] = {}
        replies = ask(
            self._witnesses,
            probes.images,
            self._cache,
            cancelled=self._cancelled,
            on_reply=lambda reply: self._heard(name, reply),
        )
        for so_far in replies:
            answers = {
                candidate: log_probabilities(answer, outputs[candidate], FLOOR) for candidate, answer in so_far.items()
            }
            asked = len(next(iter(answers.values())))
            score, _ = applicable_score(self._config.score, np.stack(list(answers.values())))
            live = rank(
                student[:asked],
                answers,
                by=score,
                resamples=LIVE_RESAMPLES,
                generator=np.random.default_rng(self._config.seed),
                scores={score: SCORES[score]},
            )
            self._on_event(Ranked(probe_set=name, probes=asked, ranking=live))
        self._folder.save_answers(name, student, answers)
        return student, answers

    def queries(self) -> Queries:
        by_candidate = {witness.teacher.name: witness.teacher.sent for witness in self._witnesses}
        return Queries(sent=sum(by_candidate.values()), cached=self._cached, by_candidate=by_candidate)

    def _heard(self, probe_set: str, reply: Reply) -> None:
        self._done += len(reply.keys)
        self._cached += reply.cached
        for offset, key in enumerate(reply.keys):
            self._folder.append_answer(
                {"probe_set": probe_set, "probe": reply.start + offset, "candidate": reply.candidate, "key": key}
            )
        self._on_event(
            Answered(
                probe_set=probe_set,
                candidate=reply.candidate,
                done=self._done,
                total=self._total,
                sent=self.queries().sent,
                cached=self._cached,
            )
        )


@torch.inference_mode()
def _logits(student: Student, probes: Probes) -> np.ndarray:
    """The student's float64 logits `(N, K)` on exactly the pixels that the candidates see."""
    parts = pixels(probes.images, student.device).split(BATCH)
    return torch.cat([student(part).double().cpu() for part in parts]).numpy()
