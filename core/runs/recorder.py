"""Turns what an audit tells into the files of its run folder, and cancel requests into `Cancelled`."""

from __future__ import annotations

import logging
import os
import threading
import time

from core.errors import AuditError, Cancelled
from core.events import PHASES, Answered, Event, Phase, PhaseStarted, Preview, SynthesisStep
from core.runs.folder import RunFolder, process_started
from core.runs.preview import contact_sheet
from core.runs.records import ErrorReport, Status

log = logging.getLogger(__name__)

HEARTBEAT = 1.0  # seconds between heartbeats, and between looks for a cancel request

# Each phase's share of a typical audit's time, for the progress bar of the whole.
SHARES: dict[Phase, float] = {
    "load": 0.08, "connect": 0.05, "synthesise": 0.62, "check": 0.02, "ask": 0.15, "score": 0.08,
}  # fmt: skip


class Recorder:
    """The `on_event` of an audit whose run has a folder. A context manager: inside, the heart beats.

    `cancelled` is set within a second of a request; the next event then raises `Cancelled`.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.cancelled = threading.Event()
        self._state = folder.state()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._phase_started = time.time()
        self._synthesised = False  # in this try
        self._pace_from = (self._phase_started, 0.0)  # when this try's own work began, and at what progress

    def __enter__(self) -> Recorder:
        pid = os.getpid()
        self._update(pid=pid, pid_started=process_started(pid))
        self._heart.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._heart.join()

    def __call__(self, event: Event) -> None:
        """Write `event` down; raises `Cancelled` once that was asked for."""
        self.check_cancelled()
        if isinstance(event, Preview):
            self.folder.write_preview(contact_sheet(event.images, event.labels))
            return
        self.folder.append_event(event.model_dump(mode="json"))
        match event:
            case PhaseStarted(phase=phase):
                self._update(seconds=self.seconds, phase=phase, **self._progress(phase, 0.0))
                self._phase_started = time.time()
                if phase == "check" and not self._synthesised:
                    self._skipped()
            case SynthesisStep(step=step, steps=steps, done=done):
                self._synthesised = True
                self._update(**self._progress("synthesise", step / steps if done is None else done))
            case Answered(done=done, total=total, asked=asked, sent=sent, cached=cached):
                self._update(sent=sent, cached=cached, **self._progress("ask", done / total))
                if not asked:
                    self._skipped()

    def check_cancelled(self) -> None:
        """Raise `Cancelled` when the user asked for it."""
        if self.cancelled.is_set() or self.folder.cancel_requested():
            self.cancelled.set()
            raise Cancelled

    def running(self) -> None:
        """The run's turn has come."""
        self._phase_started = time.time()
        self._pace_from = (self._phase_started, 0.0)
        self._update(status="running", started=self._phase_started)

    def finished(self, status: Status, error: AuditError | None = None) -> None:
        """The last word on this try."""
        done = {"progress": 1.0, "eta": 0.0} if status == "done" else {"eta": None}
        report = ErrorReport.of(error) if error else None
        self._update(**done, seconds=self.seconds, status=status, finished=time.time(), error=report)

    @property
    def seconds(self) -> dict[str, float]:
        """Time spent in each phase so far."""
        seconds = dict(self._state.seconds)
        if phase := self._state.phase:
            seconds[phase] = round(seconds.get(phase, 0.0) + time.time() - self._phase_started, 3)
        return seconds

    def _progress(self, phase: Phase, fraction: float) -> dict[str, float | None]:
        """Progress of the whole run, and the time left as the pace of this try's own work foretells it, in seconds."""
        before = sum(SHARES[earlier] for earlier in PHASES[: PHASES.index(phase)])
        progress = before + SHARES[phase] * fraction
        since, already = self._pace_from
        gained, elapsed = progress - already, time.time() - since
        eta = elapsed * (1 - progress) / gained if gained > 0.15 * (1 - already) else None
        return {"progress": progress, "eta": eta}

    def _skipped(self) -> None:
        """What was there already came at once: it says nothing of the pace."""
        self._pace_from = (time.time(), self._state.progress)
        self._update(eta=None)

    def _update(self, **changes: object) -> None:
        with self._lock:
            self._state = self._state.model_copy(update={**changes, "heartbeat": time.time()})
            self.folder.write_state(self._state)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            if self.folder.cancel_requested():
                self.cancelled.set()
            try:
                self._update()
            except OSError:  # a full disk or a file in use must not stop the heart: the next beat tries again
                log.warning("a heartbeat could not be written", exc_info=True)
