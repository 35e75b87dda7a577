"""The run folder: what is written can be read, and a state is never believed more than its process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from core.errors import InputError
from core.runs.folder import HEARTBEAT_LIMIT, RunFolder, all_runs, process_started
from core.runs.queue import place_in_line
from core.runs.records import RunState
from core.workspace import runs_folder
from core.zoo.demo import demo_config
from tests.support.runs import make_run


@pytest.fixture
def folder() -> RunFolder:
    return RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={"python": "3"})


def test_a_new_run_is_queued_and_found(folder: RunFolder) -> None:
    assert folder.status() == "queued"
    assert folder.manifest().config == demo_config()
    assert folder.results() is None
    assert list(folder.events()) == []
    assert RunFolder.open(folder.run).path == folder.path
    assert [found.run for found in all_runs()] == [folder.run]


@pytest.mark.parametrize("run", ["", "nope", "../" * 10 + "ab", "a" * 32, "../../etc/passwd", "a/" * 16])
def test_unknown_runs_are_refused(run: str) -> None:
    with pytest.raises(InputError, match="there is no run"):
        RunFolder.open(run)


@pytest.mark.parametrize(
    ("pid", "pid_started", "heartbeat_age", "status"),
    [
        ("own", "own", 0, "running"),
        ("own", "own", HEARTBEAT_LIMIT + 1, "interrupted"),  # alive, but hung
        ("own", 1.0, 0, "interrupted"),  # another process has that pid by now
        ("dead", "own", 0, "interrupted"),
        (None, None, 0, "running"),  # the worker is not up yet
        (None, None, HEARTBEAT_LIMIT + 1, "interrupted"),
    ],
)
def test_interrupted_is_derived_from_the_process(folder: RunFolder, pid, pid_started, heartbeat_age, status) -> None:
    if pid == "dead":
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        pid = process.pid
    elif pid == "own":
        pid = os.getpid()
    started = process_started(os.getpid()) if pid_started == "own" else pid_started
    heartbeat = time.time() - heartbeat_age
    folder.write_state(RunState(status="running", pid=pid, pid_started=started, heartbeat=heartbeat))
    assert folder.status() == status


def test_a_killed_child_that_nobody_waited_for_counts_as_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert process_started(process.pid) == pytest.approx(time.time(), abs=30)
    process.kill()
    deadline = time.time() + 10
    while process_started(process.pid) is not None and time.time() < deadline:
        time.sleep(0.01)  # until the kernel has made a zombie of it
    assert process_started(process.pid) is None
    process.wait()


def test_a_damaged_state_is_a_failed_run_with_a_remedy(folder: RunFolder) -> None:
    (folder.path / "state.json").write_text('{"status": "runn')
    assert folder.status() == "failed"
    assert "Resume the run, or delete it." in str(folder.state().error)


def test_a_run_with_results_is_done_even_where_its_state_is_lost() -> None:
    folder = make_run("done")
    (folder.path / "state.json").write_bytes(b"")
    assert folder.status() == "done"


def test_a_state_that_cannot_be_opened_stops_nobody_else(folder: RunFolder) -> None:
    other = RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})
    (other.path / "state.json").unlink()
    (other.path / "state.json").mkdir()
    assert place_in_line(folder) == 0


def test_a_disk_that_is_full_is_named_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.runs.files.os.replace", full)
    with pytest.raises(InputError, match=r"no run can be kept in .*No space left on device"):
        RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})
    assert list(runs_folder().iterdir()) == []


def test_events_skip_a_line_that_a_kill_cut_short(folder: RunFolder) -> None:
    folder.append_event({"kind": "a"})
    with (folder.path / "events.jsonl").open("a") as file:
        file.write('{"kind": "cut')
    folder.append_event({"kind": "b"})
    with (folder.path / "events.jsonl").open("a") as file:
        file.write('{"kind": "still being writ')
    with (folder.path / "events.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\n" + b"9" * 5000 + b"\n")
    assert [event["kind"] for event in folder.events()] == ["a", "b"]


def test_probes_and_answers_come_back_as_they_were(folder: RunFolder) -> None:
    images = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 1, 28, 28)
    targets = np.eye(3, dtype=np.float32)[:2]
    assert folder.load_probes("synthesised") is None
    folder.save_probes("synthesised", images, targets)
    for stored, given in zip(folder.load_probes("synthesised"), (images, targets), strict=True):
        np.testing.assert_array_equal(stored, given)

    student, answers = np.log([[0.5, 0.5]]), {"b <i>": np.log([[0.9, 0.1]]), "a": np.log([[0.2, 0.8]])}
    assert folder.load_answers("synthesised") is None
    folder.save_answers("synthesised", student, answers)
    stored_student, stored = folder.load_answers("synthesised")
    np.testing.assert_array_equal(stored_student, student)
    assert list(stored) == list(answers)
    for name, answer in answers.items():
        np.testing.assert_array_equal(stored[name], answer)


@pytest.mark.parametrize("damage", [b"", b"junk" * 20, (1 << 40).to_bytes(8, "little")])
def test_damaged_probes_and_answers_count_as_never_made(folder: RunFolder, damage: bytes) -> None:
    for part in ("probes", "answers"):
        (folder.path / part / "pyramids.safetensors").write_bytes(damage)
    assert folder.load_probes("pyramids") is None
    assert folder.load_answers("pyramids") is None


def test_a_write_that_fails_leaves_no_part_of_a_file(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(folder.path.iterdir())
    monkeypatch.setattr("core.runs.files.os.replace", lambda source, target: os.stat("/nowhere"))
    with pytest.raises(OSError):
        folder.write_preview(b"png")
    assert sorted(folder.path.iterdir()) == before


def test_a_live_run_is_not_deleted(folder: RunFolder) -> None:
    with pytest.raises(InputError, match="still going"):
        folder.delete()
    folder.write_state(RunState(status="done"))
    folder.delete()
    assert all_runs() == []


def test_runs_are_listed_newest_first_and_damaged_ones_passed_over(folder: RunFolder) -> None:
    second = RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})
    broken = RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})
    (broken.path / "manifest.json").write_text("{}")
    assert [found.run for found in all_runs()] == [second.run, folder.run]
