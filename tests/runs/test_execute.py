"""A run carried out in this process, with an audit in place of the real one: what ends up in its folder."""

from __future__ import annotations

import errno
import signal
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import AuditError, Cancelled, InputError, TeacherError
from core.events import Answered, PhaseStarted, Preview, SynthesisStep
from core.runs import control
from core.runs import execute as executing
from core.runs import recorder as recording
from core.runs.execute import execute
from core.runs.folder import RunFolder, all_runs
from core.runs.recorder import SHARES, Recorder
from core.runs.records import RunState
from core.zoo.demo import demo_config
from tests.support.runs import make_run


@pytest.fixture
def folder() -> RunFolder:
    return RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch):
    """Put a function in place of the audit."""

    def use(script) -> None:
        monkeypatch.setattr(executing, "open_panel", lambda config, cancelled: nullcontext())
        monkeypatch.setattr("core.audit.audit", script)

    return use


def test_events_become_files_and_state(folder: RunFolder, play) -> None:
    results = make_run("done").results()
    states: list[RunState] = []

    def script(config, panel, folder, on_event, *, cancelled):
        on_event(PhaseStarted(phase="load"))
        on_event(PhaseStarted(phase="synthesise"))
        on_event(Preview(np.zeros((3, 1, 28, 28), np.uint8), ("a", "b", "c")))
        on_event(SynthesisStep(step=5, steps=10, losses={"total": 1.0}))
        states.append(folder.state())
        time.sleep(0.3)
        on_event(PhaseStarted(phase="ask"))
        on_event(Answered(probe_set="synthesised", candidate="a", done=3, total=6, asked=2, sent=2, cached=1))
        states.append(folder.state())
        return results

    play(script)
    watched = []
    execute(folder, watched.append)

    middle, late = states
    assert (middle.status, middle.phase) == ("running", "synthesise")
    assert 0 < middle.progress < late.progress < 1
    assert (late.sent, late.cached) == (2, 1)
    final = folder.state()
    assert (folder.status(), final.progress, final.error) == ("done", 1.0, None)
    assert set(final.seconds) == {"load", "synthesise", "ask"}
    assert folder.results().seconds == pytest.approx(final.seconds, abs=0.5)
    assert final.seconds["synthesise"] >= 0.3
    assert folder.preview.read_bytes().startswith(b"\x89PNG")
    kinds = [event["kind"] for event in folder.events()]
    assert kinds == ["phase_started", "phase_started", "synthesis_step", "phase_started", "answered"]
    assert len(watched) == 6


def test_the_time_left_after_a_resume_goes_by_its_own_pace(folder: RunFolder, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(recording, "time", SimpleNamespace(time=lambda: now[0]))
    recorder = Recorder(folder)
    recorder.running()

    def answered(done: int, *, asked: int, seconds: float) -> float | None:
        now[0] += seconds
        recorder(Answered(probe_set="a", candidate="a", done=done, total=100, asked=asked, sent=0, cached=0))
        return folder.state().eta

    for phase in ("load", "connect", "synthesise", "check", "ask"):  # the probes are there already
        recorder(PhaseStarted(phase=phase))
        now[0] += 1
        assert folder.state().eta is None
    assert answered(40, asked=0, seconds=1) is None  # and so are these answers
    eta = answered(80, asked=40, seconds=40)
    assert eta == pytest.approx(40 * (SHARES["ask"] * 0.2 + SHARES["score"]) / (SHARES["ask"] * 0.4))


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (TeacherError("vgg7 is gone", remedy="start it again"), "failed", "vgg7 is gone. Start it again."),
        (InputError("no such device", remedy="choose cpu"), "failed", "no such device. Choose cpu."),
        (ZeroDivisionError("secret detail"), "failed", "a fault of its own (ZeroDivisionError)"),
        (Cancelled(), "cancelled", None),
        (KeyboardInterrupt(), "cancelled", None),
    ],
)
def test_every_end_is_written_down(folder: RunFolder, play, raised, status: str, words: str | None) -> None:
    def script(config, panel, folder, on_event, *, cancelled):
        on_event(PhaseStarted(phase="ask"))
        raise raised

    play(script)
    with pytest.raises(AuditError):
        execute(folder)
    assert folder.status() == status
    error = folder.state().error
    assert (words in str(error)) if words else error is None
    assert "secret" not in (folder.path / "state.json").read_text()


def test_ctrl_c_asks_first_and_breaks_in_only_when_pressed_again(folder: RunFolder, play) -> None:
    reached = []

    def script(config, panel, folder, on_event, *, cancelled):
        signal.raise_signal(signal.SIGINT)
        reached.append(cancelled.is_set())
        signal.raise_signal(signal.SIGINT)
        reached.append("not broken in")

    play(script)
    with pytest.raises(Cancelled):
        execute(folder)
    assert reached == [True]
    assert folder.status() == "cancelled"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_end_that_cannot_be_written_down_does_not_hide_why(folder: RunFolder, play, monkeypatch) -> None:
    def script(config, panel, folder, on_event, *, cancelled):
        monkeypatch.setattr(RunFolder, "write_state", full_disk)
        raise TeacherError("vgg7 is gone", remedy="start it again")

    def full_disk(folder: RunFolder, state: RunState) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    play(script)
    with pytest.raises(TeacherError, match="vgg7 is gone"):
        execute(folder)


def test_a_cancel_request_reaches_an_audit_that_waits(folder: RunFolder, play) -> None:
    def script(config, panel, folder, on_event, *, cancelled):
        folder.request_cancel()
        assert cancelled.wait(20)
        on_event(PhaseStarted(phase="ask"))
        pytest.fail("the event should have raised")

    play(script)
    with pytest.raises(Cancelled):
        execute(folder)
    assert folder.status() == "cancelled"


def test_a_queued_run_can_be_cancelled(folder: RunFolder, play) -> None:
    make_run("running")
    play(lambda *arguments, **more: pytest.fail("it was not its turn"))
    threading.Timer(0.2, folder.request_cancel).start()
    with pytest.raises(Cancelled):
        execute(folder)
    assert folder.status() == "cancelled"


class TestControl:
    def test_a_missing_checkpoint_is_refused_before_a_run_exists(self) -> None:
        config = demo_config()
        student = config.student.model_copy(update={"checkpoint": config.student.checkpoint.with_name("gone.pt")})
        with pytest.raises(InputError, match="there is no checkpoint"):
            control.create_run(config.model_copy(update={"student": student}))
        assert all_runs() == []

    def test_a_name_that_is_too_long_is_that_of_no_checkpoint(self) -> None:
        student = demo_config().student.model_copy(update={"checkpoint": Path("/tmp") / ("a" * 5000)})
        with pytest.raises(InputError, match="there is no checkpoint"):
            control.create_run(demo_config().model_copy(update={"student": student}))

    @pytest.mark.parametrize("status", ["queued", "running", "done"])
    def test_only_a_stopped_run_is_resumed(self, status: str) -> None:
        with pytest.raises(InputError, match="cannot be resumed"):
            control.resume_run(make_run(status))

    def test_keys_reach_the_worker_by_its_environment_alone(self, folder: RunFolder, monkeypatch) -> None:
        started = []
        monkeypatch.setattr(control.subprocess, "Popen", lambda command, **how: started.append((command, how)))
        folder.write_state(RunState(status="failed"))
        control.resume_run(folder, {"MY_KEY": "sk-sentinel"})
        ((command, how),) = started
        assert how["env"]["MY_KEY"] == "sk-sentinel"
        assert "sk-sentinel" not in " ".join(command)
        assert folder.status() == "queued"
        assert folder.state().queued == pytest.approx(time.time(), abs=30)

    def test_missing_keys_are_named(self, monkeypatch) -> None:
        config = make_run("done", urls=True).manifest().config
        first = config.candidates[0].model_copy(update={"key_env": "AUDIT_TEST_KEY"})
        config = config.model_copy(update={"candidates": (first, *config.candidates[1:])})
        assert control.missing_keys(config) == ["AUDIT_TEST_KEY"]
        monkeypatch.setenv("AUDIT_TEST_KEY", "x")
        assert control.missing_keys(config) == []
