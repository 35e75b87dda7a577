"""Carry out one run, in this process: wait for its turn, audit, and leave its folder in a final state."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.errors import AuditError, Cancelled
from core.events import Event, OnEvent
from core.results import Results
from core.runs.folder import RunFolder
from core.runs.queue import turn
from core.runs.recorder import Recorder
from core.runs.records import Status
from core.teachers.panel import open_panel

log = logging.getLogger(__name__)


def execute(folder: RunFolder, watch: OnEvent | None = None) -> Results:
    """Run the audit of `folder` and record it there; `watch` is told each event too.

    Raises:
        AuditError: the audit failed or was cancelled, and its state says so too; or another process is at it.
    """
    with folder.working(), Recorder(folder) as recorder, _first_interrupt_sets(recorder.cancelled):

        def stopped(status: Status, error: AuditError | None = None) -> None:
            with suppress(OSError):  # the disk may be the fault; the run then counts as interrupted
                recorder.finished(status, error)

        try:
            return _recorded(folder, recorder, watch)
        except (Cancelled, KeyboardInterrupt):
            stopped("cancelled")
            raise Cancelled from None
        except AuditError as error:
            stopped("failed", error)
            raise
        except Exception as error:
            log.exception("the audit stopped at a fault of its own")
            fault = _fault(error)
            stopped("failed", fault)
            raise fault from error


def _recorded(folder: RunFolder, recorder: Recorder, watch: OnEvent | None) -> Results:
    def on_event(event: Event) -> None:
        recorder(event)
        if watch:
            watch(event)

    with turn(folder, recorder.check_cancelled):
        recorder.running()
        results = _audit(folder, on_event, recorder.cancelled)
        results = results.model_copy(update={"seconds": recorder.seconds})
        folder.write_results(results)
        recorder.finished("done")
        return results


def _audit(folder: RunFolder, on_event: OnEvent, cancelled: threading.Event) -> Results:
    config = folder.manifest().config
    with open_panel(config, cancelled) as panel:  # a served zoo starts up while torch is being imported here
        from core.audit import audit

        return audit(config, panel, folder, on_event, cancelled=cancelled)


@contextmanager
def _first_interrupt_sets(cancelled: threading.Event) -> Iterator[None]:
    """Ctrl-C asks for an end; only another one breaks in, where the user would wait too long for it.

    A `KeyboardInterrupt` may strike inside a lock of some library, which then stays taken: the process would
    wait for its threads for ever.
    """
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, usual)
        cancelled.set()

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _fault(error: Exception) -> AuditError:
    if isinstance(error, OSError):
        return AuditError(
            "a file of this run cannot be written or read",
            actual=": ".join(str(part) for part in (error.strerror, error.filename) if part) or type(error).__name__,
            remedy="see to free space and permissions in the workspace, then resume the run",
        )
    return AuditError(
        f"the audit stopped at a fault of its own ({type(error).__name__})",
        remedy="resume it; if it happens again, report it with the run's worker.log",
    )
