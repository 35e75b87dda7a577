"""One accelerator, one running audit: the others wait in line, first come, first served.

Each waiting run has its process already, which holds the keys it was given and takes its turn by a
file lock. So there is no scheduler that could die, and a process that is killed gives up its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from core.runs.folder import RunFolder
from core.workspace import runs_folder, workspace

POLL = 0.5  # seconds


def place_in_line(folder: RunFolder) -> int:
    """How many live runs come before this one; 0 for a run that is running or next."""
    mine = folder.state()
    if mine.status == "running":
        return 0
    others = (other for other in _waiting_or_running() if other.run != folder.run)
    return sum(1 for other in others if _precedes(other, (mine.queued, folder.run)))


@contextmanager
def turn(folder: RunFolder, still_wanted: Callable[[], None]) -> Iterator[None]:
    """Wait until this run is first in line, then hold the line until the block is left.

    `still_wanted` is called at each look; it may raise to give up.
    """
    lock = FileLock(workspace() / "running.lock")
    while True:
        still_wanted()
        if place_in_line(folder) == 0:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                pass
        time.sleep(POLL)
    try:
        yield
    finally:
        lock.release()


def _waiting_or_running() -> Iterator[RunFolder]:
    for path in runs_folder().glob("*/state.json"):
        folder = RunFolder(path.parent)
        if folder.status() in ("queued", "running"):
            yield folder


def _precedes(other: RunFolder, mine: tuple[float, str]) -> bool:
    state = other.state()
    return state.status == "running" or (state.queued, other.run) < mine
