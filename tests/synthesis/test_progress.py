"""Memory that runs out, parts of equal size, and how much is told."""

from __future__ import annotations

import pytest
import torch

from core.errors import InputError
from core.events import SynthesisStep
from core.students.base import Student
from core.synthesis.base import Probes
from core.synthesis.drawing import unaimed
from core.synthesis.methods import make_probes
from core.synthesis.progress import Narrator, parts, with_room
from core.synthesis.settings import GeneratorConfig, InversionConfig, MethodConfig, SelectionConfig

INVERSION = InversionConfig(batch=24, steps=4, selection=SelectionConfig(rule="none"))


class TestMemory:
    """A student that can hold only so many images at a time."""

    @pytest.mark.parametrize(
        ("config", "first"),
        [
            (GeneratorConfig(batch=24, width=8, latent=4, steps=4), [24, 12, 6]),
            (INVERSION, [15, 7]),  # 30 images in two equal parts, then in smaller ones
        ],
        ids=lambda value: getattr(value, "method", ""),
    )
    def test_the_batch_is_halved_until_it_fits(
        self, thirds_student: Student, config: MethodConfig, first: list[int]
    ) -> None:
        probes, seen = self.run_with_room_for(thirds_student, config, 7)
        assert len(probes) == 30
        assert seen[: len(first)] == first
        assert max(seen[len(first) - 1 :]) <= 7

    @pytest.mark.parametrize(
        ("config", "room"),
        [(GeneratorConfig(batch=24, width=8, latent=4, steps=4), 1), (INVERSION, 0)],
        ids=lambda value: getattr(value, "method", ""),
    )
    def test_too_little_is_an_error_with_its_remedy(
        self, thirds_student: Student, config: MethodConfig, room: int
    ) -> None:
        with pytest.raises(InputError, match="not enough memory") as caught:
            self.run_with_room_for(thirds_student, config, room)
        assert "1x28x28" in str(caught.value)

    def test_other_errors_are_not_mistaken_for_it(self, thirds_student: Student) -> None:
        def fail(batch: int) -> None:
            raise RuntimeError("shapes cannot be multiplied")

        with pytest.raises(RuntimeError, match="multiplied"):
            with_room(8, thirds_student, fail)

    @staticmethod
    def run_with_room_for(student: Student, config: MethodConfig, images: int) -> tuple[Probes, list[int]]:
        seen: list[int] = []

        def refuse(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            if not arguments[0].requires_grad:  # scoring
                return
            seen.append(len(arguments[0]))
            if seen[-1] > images:
                raise torch.OutOfMemoryError("out of memory")

        handle = student.module.register_forward_pre_hook(refuse)
        try:
            return make_probes(student, config, 30, torch.Generator().manual_seed(0), lambda event: None), seen
        finally:
            handle.remove()


@pytest.mark.parametrize(
    ("n", "batch", "sizes"), [(10, 4, [4, 3, 3]), (8, 4, [4, 4]), (1, 64, [1]), (100, 64, [50, 50])]
)
def test_parts_are_as_equal_as_can_be(n: int, batch: int, sizes: list[int]) -> None:
    assert parts(n, batch) == sizes


def test_a_long_optimisation_tells_a_hundred_lines_and_few_sheets(thirds_student: Student) -> None:
    told: list[object] = []
    looks = []
    narrator = Narrator(thirds_student, 1000, told.append, before=500)

    def look() -> Probes:
        looks.append(1)
        return unaimed(torch.zeros(2, 1, 28, 28, dtype=torch.uint8).numpy())

    for step in range(1, 501):
        narrator.step(step, {"total": torch.tensor(1.0)}, look)
    steps = [event.step for event in told if isinstance(event, SynthesisStep)]
    assert steps == list(range(510, 1001, 10))
    assert 1 <= len(looks) < 50
