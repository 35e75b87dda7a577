"""The share of a step that is the student's own, with a clock that is told what everything takes."""

from __future__ import annotations

import pytest

from core.bench import speed
from core.events import Preview, SynthesisStep
from core.students.architectures import usual_input
from core.synthesis.base import Probes
from core.synthesis.settings import InversionConfig


def test_a_share_is_of_each_step_with_contact_sheets_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def takes(seconds: float) -> None:
        nonlocal now
        now += seconds

    def synthesise(student: object, config: InversionConfig, n: int, generator: object, tell: object) -> Probes | None:
        for step in range(1, config.steps + 1):
            takes(9.0 if step <= speed.UNMEASURED else 2.0)
            tell(SynthesisStep(step=step, steps=config.steps, losses={"total": 1.0}))
            if step % 2:
                takes(5.0)
                tell(Preview(images=[], labels=()))

    monkeypatch.setattr(speed.time, "perf_counter", lambda: now)
    monkeypatch.setitem(speed.SYNTHESISERS, "inversion", synthesise)
    found = speed.timed(None, InversionConfig(steps=speed.UNMEASURED + 10), lambda: takes(1.5))
    assert (found.step, found.passes, found.share) == (2.0, 1.5, 0.75)


STUDENTS = {
    "small": lambda: speed._zoo_student("stridenet4"),
    "without BatchNorm": lambda: speed._zoo_student("vit2"),
    "large": lambda: speed._ordinary_student("resnet18", usual_input("torchvision:resnet18"), 1000),
}


@pytest.mark.parametrize("kind", STUDENTS)
def test_every_method_that_optimises_is_measured(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STEPS": 1, "UNMEASURED": 1, "LARGE_BATCH": 2}.items():
        monkeypatch.setattr(speed, name, value)
    student = STUDENTS[kind]()
    for _, config, passes, _ in speed._methods(student):
        found = speed.timed(student, config, passes)
        assert found.share > 0 and found.passes > 0
