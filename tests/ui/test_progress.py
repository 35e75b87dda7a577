"""Following a run's events without reading them twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import SYNTHESISED
from core.events import SynthesisStep
from core.runs.folder import RunFolder
from core.ui.runs.progress import MAX_POINTS, Progress, follow
from tests.support.answers import CANDIDATES
from tests.support.runs import STEPS, make_run


def step(folder: RunFolder, number: int) -> None:
    folder.append_event(SynthesisStep(step=number, steps=10_000, losses={"total": 1.0}).model_dump())


def log(folder: RunFolder) -> Path:
    return folder.path / "events.jsonl"


def test_a_finished_run_summed_up() -> None:
    folder = make_run("done", probes=40)
    progress = follow(folder)
    assert (progress.run, progress.phase) == (folder.run, "score")
    assert progress.offset == log(folder).stat().st_size
    assert tuple(progress.connected) == CANDIDATES
    assert progress.steps[-1].step == STEPS
    assert progress.check and progress.check.passed
    assert progress.answered and progress.answered.done == progress.answered.total == 6 * 3 * 40
    assert set(progress.rankings) == {SYNTHESISED, "white_noise", "pyramids"}
    assert [ranked.probes for ranked in progress.rankings.values()] == [40, 40, 40]


def test_bit_by_bit_is_the_same_as_at_once() -> None:
    folder = make_run("done", probes=40)
    whole = log(folder).read_bytes()
    other = make_run("queued")
    progress = None
    for end in range(0, len(whole) + 997, 997):  # most pieces end in the middle of a line
        log(other).write_bytes(whole[:end])
        progress = follow(other, progress)
    assert progress and Progress(**(vars(progress) | {"run": folder.run})) == follow(folder)


def test_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run("running", phase="synthesise")
    known = follow(folder)
    size = log(folder).stat().st_size
    log(folder).write_bytes(b"?" * size)  # what was read before is not looked at again
    step(folder, STEPS + 1)
    assert follow(folder, known).steps[-1].step == STEPS + 1


def test_a_line_cut_by_a_kill_costs_only_itself() -> None:
    folder = make_run("running", phase="synthesise")
    before = follow(folder)
    with log(folder).open("ab") as file:
        file.write(b'{"time": 1.0, "kind": "synth')
    step(folder, STEPS + 1)  # begins a line of its own
    step(folder, STEPS + 2)
    assert [s.step for s in follow(folder, before).steps[-2:]] == [STEPS + 1, STEPS + 2]


@pytest.mark.parametrize(
    "line", ["[]", "1", '{"kind": "ranked"}', '{"time": 1, "kind": "of the future"}', '{"time": 1}', "{"]
)
def test_strange_lines_are_passed_over(line: str) -> None:
    folder = make_run("queued")
    with log(folder).open("a") as file:
        file.write(line + "\n")
    step(folder, 3)
    assert [s.step for s in follow(folder).steps] == [3]


def test_a_synthesis_begun_again_begins_a_new_curve() -> None:
    folder = make_run("queued")
    for number in (2, 4, 6, 2, 4):
        step(folder, number)
    assert [s.step for s in follow(folder).steps] == [2, 4]


def test_another_run_or_a_new_log_is_read_from_the_start() -> None:
    one, two = make_run("done", probes=40), make_run("running", phase="connect")
    assert follow(two, follow(one)) == follow(two)
    known = follow(two)
    log(two).write_bytes(b"")
    step(two, 2)
    assert [s.step for s in follow(two, known).steps] == [2] and not follow(two, known).connected


def test_no_events_yet() -> None:
    assert follow(make_run("queued")).steps == ()


def test_a_long_curve_stays_small_and_keeps_its_end() -> None:
    folder = make_run("queued")
    progress = None
    for number in range(1, 5 * MAX_POINTS):
        step(folder, number)
        if number % 100 == 0:
            progress = follow(folder, progress)
    progress = follow(folder, progress)
    steps = [s.step for s in progress.steps]
    assert len(steps) <= 2 * MAX_POINTS and steps[-1] == 5 * MAX_POINTS - 1
    assert steps == sorted(set(steps)) and steps[0] <= 4
