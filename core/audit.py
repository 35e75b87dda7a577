"""The audit as one function: student -> probes -> answers -> scores -> verdict."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import torch

from core.account import Account
from core.config import SYNTHESISED, AuditConfig
from core.connecting import connect
from core.devices import choose_device, limit_threads
from core.errors import InputError, ProbesError
from core.events import Event, OnEvent, PhaseStarted, ProbesChecked
from core.interview import Interview
from core.results import ProbeCheck, ProbeSetResult, RankedCandidate, Results
from core.runs.folder import RunFolder
from core.scoring.ranking import applicable_score, rank
from core.scoring.table import SCORES
from core.students.base import Student
from core.students.load import load_student
from core.synthesis.base import Probes
from core.synthesis.check import check_probes
from core.synthesis.methods import make_probes
from core.teachers.cache import answer_cache
from core.teachers.panel import Panel
from core.verdict.notes import notes
from core.verdict.ranking_only import ranking_only
from core.verdict.reach import caution


def audit(
    config: AuditConfig,
    panel: Panel,
    folder: RunFolder,
    on_event: OnEvent,
    *,
    cancelled: threading.Event | None = None,
) -> Results:
    """Was `config.student` distilled from one of the candidates on the `panel`?

    Probes and answers that `folder` and the workspace's cache hold already are used, not made again,
    so that an audit that stopped goes on where it was.

    Args:
        on_event: told of everything that happens; may raise to stop the audit.
        cancelled: set it to give up waiting for slow candidates.

    Raises:
        AuditError: input, a candidate or the probes are of no use; says what to do.
    """
    cancelled = cancelled or threading.Event()
    limit_threads()
    with answer_cache() as cache:
        on_event(PhaseStarted(phase="load"))
        student = _load(config, folder)
        synthesis = config.synthesis.at(config.effort).sized(student.pixels)  # as the report is to name it
        config = config.model_copy(update={"synthesis": synthesis})

        on_event(PhaseStarted(phase="connect"))
        account = Account(folder)
        witnesses, lost = connect(panel, student, cache, account, on_event)

        on_event(PhaseStarted(phase="synthesise"))
        probes = {name: _probes(name, config, student, folder, on_event) for name in config.probe_sets}

        on_event(PhaseStarted(phase="check"))
        check = check_probes(student, probes[SYNTHESISED], _generator(config, "check"))
        on_event(ProbesChecked(probe_set=SYNTHESISED, check=check))
        _stop_before_spending(check, config)

        on_event(PhaseStarted(phase="ask"))
        interview = Interview(config, student, witnesses, cache, account, on_event, cancelled)
        for name in config.probe_sets:
            interview.about(name, probes[name])

        on_event(PhaseStarted(phase="score"))
        level, outputs, heard = interview.level(), interview.outputs, interview.heard()
        compared = {name: said.compared(outputs, level) for name, said in heard.items()}
        score, reason = applicable_score(config.score, _stacked(compared[SYNTHESISED][1]), level)
        rankings = {
            name: _rank(config, score, *told)
            for name, told in compared.items()
            if name == SYNTHESISED or SCORES[score].can_rank(_stacked(told[1]))
        }
        for name, said in heard.items():
            folder.save_answers(name, said.student, said.log_probabilities(outputs))

    ranking = rankings.pop(SYNTHESISED)
    unreachable = (*lost, *interview.unreachable)
    circumstances = notes(
        level,
        score,
        reason,
        nameless=interview.nameless(),
        unreachable=unreachable,
        shortfalls=interview.shortfalls,
    )
    manifest, summary = folder.manifest(), student.summary()
    return Results(
        run=manifest.run,
        name=config.name,
        created=manifest.created,
        student=summary,
        score=score,
        ranking=ranking,
        verdict=ranking_only(ranking, score, rankings, circumstances, caution(summary, check.probes)),
        baselines=tuple(
            ProbeSetResult(probe_set=name, probes=len(compared[name][0]), ranking=ranked)
            for name, ranked in rankings.items()
        ),
        check=check,
        queries=account.queries(),
        unreachable=unreachable,
        shortfalls=tuple(interview.shortfalls),
        seconds={},
        settings=config,
        device=str(student.device),
        versions=manifest.versions,
    )


def _load(config: AuditConfig, folder: RunFolder) -> Student:
    student = load_student(config.student, choose_device(config.device))
    if student.sha256 != (expected := folder.manifest().student_sha256):
        raise InputError(
            "the checkpoint is not the one this run was started with",
            rule=f"SHA-256 {expected[:12]}…",
            actual=f"{student.sha256[:12]}…",
            remedy="put the original file back, or start a new audit",
        )
    return student


def _probes(name: str, config: AuditConfig, student: Student, folder: RunFolder, on_event: OnEvent) -> Probes:
    """The probes of one set: from the folder when they were made before, else made and kept there."""
    if stored := folder.load_probes(name):
        return Probes(*stored)
    tell = on_event if name == SYNTHESISED else _nothing  # what is shown in the making is what the ranking rests on
    generator = _generator(config, name)
    probes = make_probes(student, config.synthesis_of(name), config.num_probes, generator, tell)
    folder.save_probes(name, probes.images, probes.targets)
    return probes


def _nothing(event: Event) -> None:
    """Nobody is told."""


def _stop_before_spending(check: ProbeCheck, config: AuditConfig) -> None:
    if not check.passed and not config.ask_anyway:
        raise ProbesError(
            f"the synthesised probes failed their check: {'; '.join(check.problems)}",
            remedy="choose a higher effort or another seed, or set ask_anyway to spend queries on them all the same",
        )


def _stacked(answers: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.stack(list(answers.values()))


def _rank(
    config: AuditConfig, score: str, student: np.ndarray, answers: dict[str, np.ndarray]
) -> tuple[RankedCandidate, ...]:
    generator = np.random.default_rng(config.seed)
    return rank(student, answers, by=score, resamples=config.bootstrap, generator=generator)


def _generator(config: AuditConfig, purpose: str) -> torch.Generator:
    """A stream of its own for each purpose, so that leaving out one set does not change another."""
    return torch.Generator().manual_seed(config.seed * 1_000_003 + sum(purpose.encode()))
