"""Put sets of probes to all candidates, tell how it goes, and make of their answers what can be compared."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.account import Account
from core.candidates import Output
from core.config import SYNTHESISED, AuditConfig
from core.errors import OverBudget, TeacherError
from core.events import Answered, Lost, OnEvent, Ranked
from core.results import Shortfall, Unreachable
from core.scoring.answer_kinds import Level, level_of
from core.scoring.ranking import applicable_score, log_probabilities, rank
from core.scoring.table import SCORES
from core.scoring.vectors import log_softmax
from core.students.base import Student
from core.synthesis.base import Probes
from core.teachers.asking import Reply, Witness, ask
from core.teachers.cache import AnswerCache

FLOOR = 1e-6  # smallest probability told apart from 0, for student and candidates alike
LIVE_RESAMPLES = 200  # for the intervals of bars that are still moving
FEWEST = 2  # probes, without which there is nothing to rank by


@dataclass(frozen=True)
class Heard:
    """What was said of one set's first n probes.

    Attributes:
        student: log-probabilities `(n, K)`.
        rows: each candidate's answers as its teacher gives them, `(n, K)`, by name.
    """

    student: np.ndarray
    rows: Mapping[str, np.ndarray]

    def log_probabilities(self, outputs: Mapping[str, Output]) -> dict[str, np.ndarray]:
        """The candidates' answers, what they do not tell filled in, `(n, K)`."""
        return {name: log_probabilities(rows, outputs[name], FLOOR) for name, rows in self.rows.items()}

    def compared(self, outputs: Mapping[str, Output], level: Level) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Student and candidates by as much as `level` leaves of them."""
        answers = self.log_probabilities(outputs)
        student, left = level.leave(self.student, np.stack(list(answers.values())))
        return student, dict(zip(answers, left, strict=True))


class Interview:
    """Puts sets of probes to all candidates that can be reached.

    Attributes:
        unreachable: candidates that failed for good, and why.
        shortfalls: sets of which the budget did not pay for all probes.
    """

    def __init__(
        self,
        config: AuditConfig,
        student: Student,
        witnesses: Sequence[Witness],
        cache: AnswerCache,
        account: Account,
        on_event: OnEvent,
        cancelled: threading.Event,
    ) -> None:
        self._config, self._student, self._witnesses = config, student, list(witnesses)
        self._cache, self._account, self._on_event, self._cancelled = cache, account, on_event, cancelled
        self._total = config.num_answers(len(witnesses))
        self._done = 0
        self._heard: dict[str, Heard] = {}
        self.unreachable: list[Unreachable] = []
        self.shortfalls: list[Shortfall] = []

    @property
    def outputs(self) -> dict[str, Output]:
        """The kind of answers of each candidate that can be reached."""
        return {witness.teacher.name: witness.capabilities.output for witness in self._witnesses}

    def about(self, name: str, probes: Probes) -> None:
        """Ask about a set, as far as the budget goes.

        Raises:
            OverBudget: it does not pay for enough of the probes that the ranking rests on.
            TeacherError: nobody can be reached any more.
        """
        student = np.maximum(log_softmax(self._student.logits(probes.images)), np.log(FLOOR))
        affordable = self._affordable(probes.images)
        rows = {one.teacher.name: np.empty((0, student.shape[1])) for one in self._witnesses}
        if affordable:
            replies = ask(
                self._witnesses,
                probes.images[:affordable],
                self._cache,
                cancelled=self._cancelled,
                on_ask=partial(self._account.asking, name),
                on_reply=partial(self._answered, name),
                on_loss=self._lose,
            )
            with closing(replies):
                for rows in replies:
                    self._rank_so_far(name, student, rows)
        asked = min(len(answers) for answers in rows.values())
        if asked < len(student):
            self.shortfalls.append(Shortfall(probe_set=name, asked=asked, planned=len(student)))
        if name == SYNTHESISED and asked < FEWEST:
            raise OverBudget(
                "the budget is used up before there is anything to rank by",
                rule=f"answers of all candidates to {FEWEST} probes",
                actual=f"{asked}",
                remedy="raise it, then resume",
            )
        self._heard[name] = Heard(student[:asked], rows)

    def heard(self) -> dict[str, Heard]:
        """By set, what those say who could be reached to the end; sets that none was asked about are left out."""
        names = list(self.outputs)
        return {
            probe_set: Heard(heard.student, {name: heard.rows[name] for name in names})
            for probe_set, heard in self._heard.items()
            if len(heard.student) >= FEWEST
        }

    def level(self) -> Level:
        """How much can be compared, over all sets."""
        return _level([heard.rows for heard in self.heard().values()], self.outputs)

    def nameless(self) -> dict[str, float]:
        """By candidate, the share of its answers in all sets that name no class of the student; those with any."""
        rows = {name: np.concatenate([heard.rows[name] for heard in self.heard().values()]) for name in self.outputs}
        shares = {name: float(np.isnan(said).all(axis=1).mean()) for name, said in rows.items()}
        return {name: share for name, share in shares.items() if share}

    def _lose(self, candidate: str, error: TeacherError) -> None:
        """Go on without a candidate."""
        self._witnesses = [one for one in self._witnesses if one.teacher.name != candidate]
        self.unreachable.append(Unreachable(candidate=candidate, message=str(error)))
        self._on_event(Lost(candidate=candidate, message=str(error)))

    def _affordable(self, images: np.ndarray) -> int:
        """How many of the first images the budgets pay for, of all candidates alike."""
        purses = {one.teacher.name: self._account.purse(one.teacher.name).left for one in self._witnesses}
        if self._account.left is None and not any(left is not None for left in purses.values()):
            return len(images)
        in_all, affordable = np.zeros(len(images), dtype=int), np.ones(len(images), dtype=bool)
        for witness in self._witnesses:
            keys = [self._cache.key(witness.capabilities.identity, image) for image in images]
            paid = set(self._cache.get_many(keys))
            cost = np.cumsum([key not in paid and not paid.add(key) for key in keys])  # the same image costs once
            in_all += cost
            if (left := purses[witness.teacher.name]) is not None:
                affordable &= cost <= left
        if self._account.left is not None:
            affordable &= in_all <= self._account.left
        return int(affordable.sum())  # costs only grow, so that these are the first ones

    def _rank_so_far(self, probe_set: str, student: np.ndarray, rows: Mapping[str, np.ndarray]) -> None:
        """Tell how candidates stand whose answers are to the first of the student's probes."""
        asked = len(next(iter(rows.values())))
        if asked < FEWEST:
            return
        outputs = self.outputs
        level = _level([rows], outputs)
        seen, answers = Heard(student[:asked], rows).compared(outputs, level)
        score, _ = applicable_score(self._config.score, np.stack(list(answers.values())), level)
        ranking = rank(
            seen,
            answers,
            by=score,
            resamples=LIVE_RESAMPLES,
            generator=np.random.default_rng(self._config.seed),
            scores={score: SCORES[score]},
        )
        self._on_event(Ranked(probe_set=probe_set, probes=asked, ranking=ranking))

    def _answered(self, probe_set: str, reply: Reply) -> None:
        self._account.heard(probe_set, reply)
        self._done += len(reply.keys)
        queries = self._account.queries()
        self._on_event(
            Answered(
                probe_set=probe_set,
                candidate=reply.candidate,
                done=self._done,
                total=self._total,
                asked=0 if reply.known else len(reply.keys),
                sent=queries.sent,
                sent_to=queries.by_candidate[reply.candidate],
                cached=queries.cached,
            )
        )


def _level(sets: Sequence[Mapping[str, np.ndarray]], outputs: Mapping[str, Output]) -> Level:
    return level_of({name: np.concatenate([rows[name] for rows in sets]) for name in outputs}, outputs)
