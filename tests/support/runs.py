"""Run folders as a worker would leave them, in any state, with answers that hang together.

Every score is computed from the answers in the folder, so that pages can be checked against them.
Needs `AUDIT_HOME` to point to a scratch folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.candidates import CandidateConfig
from core.config import SYNTHESISED, AuditConfig, StudentConfig
from core.events import PHASES, Answered, Connected, Event, Phase, PhaseStarted, ProbesChecked, Ranked, SynthesisStep
from core.results import (
    ProbeCheck,
    ProbeSetResult,
    Queries,
    RankedCandidate,
    Results,
    StudentSummary,
)
from core.runs.folder import RunFolder, process_started
from core.runs.preview import contact_sheet
from core.runs.records import ErrorReport, RunState, ShownStatus
from core.scoring.ranking import applicable_score
from core.verdict.ranking_only import ranking_only
from core.words import target_words
from tests.support.answers import CANDIDATES, fake_answers, fake_probes, ranking_of

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
SECONDS: dict[Phase, float] = {"load": 1.2, "connect": 0.8, "synthesise": 31.4, "check": 0.6, "ask": 6.1, "score": 1.7}
STEPS = 200
FAILURE = ErrorReport(
    what="candidate 'vgg7' stopped answering",
    rule="an answer within 30 s",
    actual="connection refused after 5 tries",
    remedy="start its server again and resume the run",
)


def make_run(
    status: ShownStatus = "done",
    *,
    name: str = "Demo audit",
    candidates: Sequence[str] = CANDIDATES,
    class_names: Sequence[str] = CLASS_NAMES,
    student: str = "amber",
    student_sha256: str = "5f" * 32,
    phase: Phase | None = None,
    probes: int = 100,
    error: ErrorReport = FAILURE,
    problems: tuple[str, ...] = (),
    created: datetime | None = None,
    urls: bool = False,
) -> RunFolder:
    """One run in `AUDIT_HOME`.

    Args:
        status: how the pages shall see it; *running* and *queued* name this process as the worker.
        phase: the phase it is in or stopped in; None for the last one (the first, where queued).
        error: of a failed run.
        problems: that the check of the synthesised probes found.
        created: when; None for now.
        urls: name the candidates by address instead of `serve = "demo"`.
    """
    asked = tuple(
        CandidateConfig(name=n, url="http://127.0.0.1:8080", model=f"model-{i}") for i, n in enumerate(candidates)
    )
    config = AuditConfig(
        name=name,
        student=StudentConfig(checkpoint=Path(f"/models/{student}.safetensors"), architecture="zoo:convnet4"),
        candidates=asked if urls else (),
        serve=None if urls else "demo",
        probes=probes,
    )
    versions = {"distillation-audit": "0.1.0", "python": "3.11.9", "torch": "2.14.0", "numpy": "2.3.1"}
    folder = RunFolder.create(config, student_sha256=student_sha256, versions=versions)
    if created is not None:
        manifest = folder.manifest().model_copy(
            update={"created": created.astimezone(UTC).isoformat(timespec="seconds")}
        )
        (folder.path / "manifest.json").write_text(manifest.model_dump_json(indent=2))
    reached = phase or ("score" if status != "queued" else None)
    folder.write_state(state_of(status, reached, error, len(candidates) * probes))
    if reached:
        sets = {s: fake_answers(s, tuple(candidates), probes, len(class_names)) for s in config.probe_sets}
        check = probe_check(probes, problems)
        _write_progress(folder, reached, sets, check, tuple(class_names), done=status == "done")
        if status == "done":
            folder.write_results(results_of(folder, sets, check, tuple(class_names), student))
    return folder


def state_of(status: ShownStatus, phase: Phase | None, error: ErrorReport, answers: int) -> RunState:
    """A state that the run folder derives `status` from."""
    now = time.time()
    finished = PHASES if status == "done" else PHASES[: PHASES.index(phase)] if phase else ()
    asked = answers * 3 if "ask" in finished else answers if phase == "ask" else 0
    return RunState(
        status="running" if status == "interrupted" else status,
        phase=phase,
        progress=1.0 if status == "done" else sum(SECONDS[p] for p in finished) / sum(SECONDS.values()),
        eta=24.0 if status == "running" else None,
        sent=asked - asked // 8,
        cached=asked // 8,
        queued=now - 60,
        heartbeat=now if status != "interrupted" else now - 3600,
        started=now - 42 if phase else None,
        finished=now if status in ("done", "failed", "cancelled") else None,
        pid=os.getpid() if status in ("running", "queued") else None,
        pid_started=process_started(os.getpid()) if status in ("running", "queued") else None,
        seconds={p: SECONDS[p] for p in finished},
        error=error if status == "failed" else None,
    )


def probe_check(probes: int, problems: tuple[str, ...] = ()) -> ProbeCheck:
    return ProbeCheck(
        probes=probes,
        on_target=0.31 if problems else 0.94,
        batchnorm_loss=0.082,
        batchnorm_loss_noise=1.37,
        duplicates=0,
        entropy=(0.02, 0.61, 1.58),
        problems=problems,
    )


def results_of(
    folder: RunFolder,
    sets: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]],
    check: ProbeCheck,
    class_names: tuple[str, ...],
    student: str,
) -> Results:
    manifest = folder.manifest()
    ranking = _ranking(SYNTHESISED, tuple(sets[SYNTHESISED][1]), check.probes, len(class_names), check.probes)
    baselines = {
        probe_set: _ranking(probe_set, tuple(answers), check.probes, len(class_names), check.probes)
        for probe_set, (_, answers) in sets.items()
        if probe_set != SYNTHESISED
    }
    state, score = folder.state(), _score(tuple(sets[SYNTHESISED][1]), check.probes, len(class_names))
    return Results(
        run=folder.run,
        name=manifest.config.name,
        created=manifest.created,
        student=StudentSummary(
            name=student,
            sha256=manifest.student_sha256,
            architecture="zoo:convnet4",
            num_classes=len(class_names),
            class_names=class_names,
            parameters=98_442,
            batchnorm_layers=4,
        ),
        score=score,
        ranking=ranking,
        verdict=ranking_only(ranking, score, baselines),
        baselines=tuple(
            ProbeSetResult(probe_set=probe_set, probes=check.probes, ranking=ranked)
            for probe_set, ranked in baselines.items()
        ),
        check=check,
        queries=Queries(
            sent=state.sent, cached=state.cached, by_candidate={n: check.probes * 3 for n in sets[SYNTHESISED][1]}
        ),
        seconds=dict(state.seconds),
        settings=manifest.config,
        device="cpu",
        versions=manifest.versions,
    )


def _write_progress(
    folder: RunFolder,
    phase: Phase,
    sets: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]],
    check: ProbeCheck,
    class_names: tuple[str, ...],
    *,
    done: bool,
) -> None:
    """Events, contact sheet, probes and answers up to the middle of `phase`."""
    classes = len(class_names)
    for current in PHASES[: PHASES.index(phase) + 1]:
        here = current == phase and not done
        _tell(folder, PhaseStarted(phase=current))
        if current == "connect":
            for name in sets[SYNTHESISED][1]:
                _tell(folder, Connected(candidate=name, output="logits", num_classes=classes, latency=0.004))
        elif current == "synthesise":
            _write_synthesis(folder, class_names, until=STEPS // 2 if here else STEPS)
        elif current == "check":
            for probe_set in sets:
                images, targets = fake_probes(check.probes, classes, seed=len(probe_set))
                weights = targets if probe_set == SYNTHESISED else targets[:, :0]
                folder.save_probes(probe_set, images, np.ascontiguousarray(weights))
            _tell(folder, ProbesChecked(probe_set=SYNTHESISED, check=check))
        elif current == "ask":
            _write_answers(folder, sets, check.probes, only_half=here)


def _write_synthesis(folder: RunFolder, class_names: tuple[str, ...], *, until: int) -> None:
    rng = np.random.default_rng(1)
    for step in range(2, until + 1, 2):
        entropy = 2.2 * np.exp(-step / 40) + 0.3 + 0.05 * rng.random()
        batchnorm = 1.1 * np.exp(-step / 60) + 0.09 + 0.02 * rng.random()
        losses = {"total": entropy + 10 * batchnorm, "cross_entropy": entropy, "batchnorm": batchnorm}
        _tell(folder, SynthesisStep(step=step, steps=STEPS, losses=losses))
    images, targets = fake_probes(32, len(class_names))
    folder.write_preview(
        contact_sheet(images, tuple(target_words(weights, class_names, shares=False) for weights in targets))
    )


def _write_answers(
    folder: RunFolder, sets: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]], probes: int, *, only_half: bool
) -> None:
    """Each candidate answers a third of a set at a time; half of it means that the last third is missing."""
    total = sum(len(answers) for _, answers in sets.values()) * probes
    done = 0
    for probe_set, (student, answers) in sets.items():
        for third in (1, 2, 3):
            if only_half and third == 3:
                return
            count = max(2, probes * third // 3)
            for name in answers:
                done += probes // 3 if third < 3 else probes - 2 * (probes // 3)
                sent, cached = done - done // 8, done // 8
                _tell(
                    folder,
                    Answered(
                        probe_set=probe_set, candidate=name, done=done, total=total, asked=1, sent=sent, cached=cached
                    ),
                )
            ranking = _ranking(probe_set, tuple(answers), probes, student.shape[1], count)
            _tell(folder, Ranked(probe_set=probe_set, probes=count, ranking=ranking))
        folder.save_answers(probe_set, student, answers)


def _tell(folder: RunFolder, event: Event) -> None:
    folder.append_event(event.model_dump())


@lru_cache
def _ranking(
    probe_set: str, candidates: tuple[str, ...], probes: int, classes: int, first: int
) -> tuple[RankedCandidate, ...]:
    """How the candidates stand on the `first` probes of a set."""
    student, answers = fake_answers(probe_set, candidates, probes, classes)
    by = _score(candidates, probes, classes)
    return ranking_of(student[:first], {name: answer[:first] for name, answer in answers.items()}, by=by)


def _score(candidates: tuple[str, ...], probes: int, classes: int) -> str:
    """The score that ranks so many candidates."""
    _, answers = fake_answers(SYNTHESISED, candidates, probes, classes)
    return applicable_score(AuditConfig.model_fields["score"].default, np.stack(list(answers.values())))[0]
