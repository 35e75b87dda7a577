"""What methods that take time have in common: telling how far they are, and making do with the memory there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

from core.devices import out_of_memory, release_memory
from core.errors import InputError
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import Probes, Tell, labels

SHOWN = 24  # probes on the contact sheet
SHEET_PERIOD = 0.8  # seconds between contact sheets
LOSS_POINTS = 100  # lines of the loss curve, at most

Made = TypeVar("Made")


class Narrator:
    """Tells of an optimisation of `steps` steps: at most a hundred lines of losses, a contact sheet now and then.

    `before` of the steps were others'; `work` is what so many steps take in all, in any unit, where they differ.
    """

    def __init__(
        self,
        student: Student,
        steps: int,
        tell: Tell,
        *,
        before: int = 0,
        work: Callable[[int], float] = float,
    ) -> None:
        self._student, self._steps, self._before, self._tell, self._work = student, steps, before, tell, work
        self._last = 0.0

    def step(self, step: int, losses: Mapping[str, torch.Tensor], look: Callable[[], Probes]) -> None:
        """After step 1, 2, ...; `look` draws the first probes as they are now, where they are to be shown."""
        step += self._before
        if step == 1 or step % -(-self._steps // LOSS_POINTS) == 0 or step == self._steps:
            values = {name: loss.item() for name, loss in losses.items()}
            done = self._work(step) / self._work(self._steps)
            self._tell(SynthesisStep(step=step, steps=self._steps, losses=values, done=done))
        self.sheet(look)

    def sheet(self, look: Callable[[], Probes]) -> None:
        """Show what `look` draws, unless something was shown just now."""
        if time.monotonic() - self._last >= SHEET_PERIOD:
            show(self._student, look(), self._tell)
            self._last = time.monotonic()


def show(student: Student, probes: Probes, tell: Tell) -> None:
    """The first probes as a contact sheet."""
    first = Probes(probes.images[:SHOWN], probes.targets[:SHOWN])
    tell(Preview(first.images, labels(student, first)))


def with_room(batch: int, student: Student, attempt: Callable[[int], Made], *, least: int = 1) -> tuple[Made, int]:
    """`attempt(batch)`, tried again with half the batch as often as memory runs out, and the batch that fitted.

    Raises:
        InputError: not even `least` images fit.
    """
    while True:
        try:
            return attempt(batch), batch
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
        if batch // 2 < least:
            raise InputError(
                f"the device has not enough memory for {least} image{'s' if least > 1 else ''} at a time",
                actual=f"images of {'x'.join(map(str, student.shape))} on {student.device}",
                remedy='choose device = "cpu", or free memory',
            )
        release_memory(student.device)
        batch //= 2


def parts(n: int, batch: int) -> list[int]:
    """`n` images in as few equal parts as batches of at most `batch` allow: their sizes, which differ by 1 at most."""
    count = -(-n // batch)
    return [n // count + (index < n % count) for index in range(count)]
