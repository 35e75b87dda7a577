"""What an audit may spend, in images sent: of each candidate's budget and of the run's own."""

from __future__ import annotations

import threading

from core.errors import OverBudget


class Purse:
    """Images that may still be sent. For any number of threads.

    Args:
        whose: the run, or a candidate's name.
        limit: of images in all; None for no limit.
        spent: of them before, in earlier tries of the run.
        within: another purse that each image is taken from, too.
    """

    def __init__(self, whose: str, limit: int | None = None, spent: int = 0, within: Purse | None = None) -> None:
        self._whose, self._limit, self._spent, self._within = whose, limit, spent, within
        self._lock = threading.Lock()

    def take(self, images: int) -> None:
        """Spend so many; raises `OverBudget`, and then nothing is spent."""
        with self._lock:
            if self._limit is not None and self._spent + images > self._limit:
                raise OverBudget(
                    f"the budget of {self._whose} is used up",
                    rule=f"{self._limit:,} images at most",
                    actual=f"{images:,} more after {self._spent:,}",
                    remedy="raise it to go on from here",
                )
            if self._within is not None:
                self._within.take(images)
            self._spent += images

    @property
    def left(self) -> int | None:
        """Of its own limit; None where there is none."""
        return None if self._limit is None else max(0, self._limit - self._spent)
