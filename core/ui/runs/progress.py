"""What a run has told so far, kept up to date by reading only what is new in its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from core.events import Answered, Connected, Lost, Phase, PhaseStarted, ProbesChecked, Ranked, SynthesisStep
from core.results import ProbeCheck
from core.runs.folder import RunFolder
from core.values import Frozen

MAX_POINTS = 300  # of the loss curve, roughly
KINDS: dict[str, type[Frozen]] = {
    "phase_started": PhaseStarted,
    "connected": Connected,
    "lost": Lost,
    "synthesis_step": SynthesisStep,
    "probes_checked": ProbesChecked,
    "answered": Answered,
    "ranked": Ranked,
}


@dataclass(frozen=True)
class Progress:
    """A run's events, summed up. Times are seconds since the epoch."""

    run: str
    offset: int = 0  # bytes of the events read so far
    phase: Phase | None = None
    phase_started: float | None = None
    connected: dict[str, Connected] = field(default_factory=dict)  # by candidate
    lost: dict[str, Lost] = field(default_factory=dict)  # by candidate
    steps: tuple[SynthesisStep, ...] = ()
    check: ProbeCheck | None = None
    answered: Answered | None = None  # the latest
    sent: dict[str, int] = field(default_factory=dict)  # images by candidate
    rankings: dict[str, Ranked] = field(default_factory=dict)  # the latest by probe set


def follow(folder: RunFolder, known: Progress | None = None) -> Progress:
    """`known` and what the run has told since then; all of it where nothing is known of this run."""
    if known is None or known.run != folder.run:
        known = Progress(folder.run)
    new = _unread(folder, known.offset)
    if new is None:
        known = Progress(folder.run)
        new = _unread(folder, 0) or b""
    progress = replace(known, offset=known.offset + len(new))
    for time, event in _parsed(new):
        progress = _with(progress, event, time)
    return progress


def _with(progress: Progress, event: object, time: float) -> Progress:
    match event:
        case PhaseStarted(phase=phase):
            return replace(progress, phase=phase, phase_started=time)
        case Connected(candidate=name):
            lost = {other: loss for other, loss in progress.lost.items() if other != name}  # it is back
            return replace(progress, connected=progress.connected | {name: event}, lost=lost)
        case Lost(candidate=name):
            return replace(progress, lost=progress.lost | {name: event})
        case SynthesisStep(step=step):
            again = progress.steps and step <= progress.steps[-1].step  # a resumed run may begin its synthesis again
            return replace(progress, steps=_thinned((event,) if again else (*progress.steps, event)))
        case ProbesChecked(check=check):
            return replace(progress, check=check)
        case Answered(candidate=name, sent_to=sent):
            return replace(progress, answered=event, sent=progress.sent | {name: sent})
        case Ranked(probe_set=probe_set):
            return replace(progress, rankings=progress.rankings | {probe_set: event})
    return progress


def _unread(folder: RunFolder, offset: int) -> bytes | None:
    """Complete lines after `offset`; None where the file is shorter than that, so another one."""
    try:
        with (folder.path / "events.jsonl").open("rb") as file:
            if file.seek(0, 2) < offset:
                return None
            file.seek(offset)
            text = file.read()
    except FileNotFoundError:
        return None if offset else b""
    return text[: text.rfind(b"\n") + 1]  # a line still being written is left for next time


def _parsed(lines: bytes) -> Iterator[tuple[float, object]]:
    """Each line's time and event; what a kill cut short, or another version wrote, is passed over."""
    for line in lines.splitlines():
        try:
            entry = json.loads(line)
            time = float(entry.pop("time"))
            yield time, KINDS[entry["kind"]].model_validate(entry)
        except (ValueError, AttributeError, KeyError, TypeError):
            continue


def _thinned(steps: tuple[SynthesisStep, ...]) -> tuple[SynthesisStep, ...]:
    """Every second step where there are more than twice `MAX_POINTS`, the latest always among them."""
    return steps[-1::-2][::-1] if len(steps) > 2 * MAX_POINTS else steps
