"""The generator: it learns its student's classes, its seed decides, and it survives a full memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.config import SynthesisConfig
from core.errors import InputError
from core.events import Preview, SynthesisStep
from core.synthesis.base import Probes, Synthesiser
from core.synthesis.check import check_probes
from core.synthesis.methods import SYNTHESISERS

SMALL = SynthesisConfig(batch=24, width=16, latent=8)


def run(method: Synthesiser, student, *, n: int = 30, steps: int = 40, seed: int = 0, config: SynthesisConfig = SMALL):
    events: list[SynthesisStep | Preview] = []
    probes = method(student, config, n, steps, torch.Generator().manual_seed(seed), events.append)
    return probes, events


@pytest.mark.parametrize("name", SYNTHESISERS)
class TestEveryMethod:
    """The contract of synthesis methods."""

    def test_makes_probes_that_their_student_puts_into_their_classes(self, name: str, thirds_student) -> None:
        probes, _ = run(SYNTHESISERS[name], thirds_student, steps=80)
        assert probes.images.shape == (30, 1, 28, 28)
        assert probes.images.dtype == np.uint8
        np.testing.assert_allclose(probes.targets.sum(1), 1, rtol=1e-6)
        check = check_probes(thirds_student, probes, torch.Generator().manual_seed(0))
        assert check.on_target > 0.8
        assert check.problems == ()

    def test_its_seed_decides(self, name: str, thirds_student) -> None:
        method = SYNTHESISERS[name]
        first, again, other = (run(method, thirds_student, steps=3, seed=seed)[0] for seed in (0, 0, 1))
        np.testing.assert_array_equal(first.images, again.images)
        assert (first.images != other.images).any()

    def test_leaves_the_student_and_the_global_random_state_alone(self, name: str, thirds_student) -> None:
        before = {key: value.clone() for key, value in thirds_student.module.state_dict().items()}
        state = torch.random.get_rng_state()
        run(SYNTHESISERS[name], thirds_student, steps=3)
        assert torch.equal(torch.random.get_rng_state(), state)
        assert all(torch.equal(value, before[key]) for key, value in thirds_student.module.state_dict().items())

    def test_tells_its_steps_and_shows_its_probes(self, name: str, thirds_student) -> None:
        _, events = run(SYNTHESISERS[name], thirds_student, steps=10)
        steps = [event for event in events if isinstance(event, SynthesisStep)]
        sheets = [event for event in events if isinstance(event, Preview)]
        assert (steps[0].step, steps[-1].step) == (1, 10)
        assert all(np.isfinite(list(event.losses.values())).all() for event in steps)
        assert sheets[0].images.dtype == np.uint8
        assert len(sheets[0].images) == len(sheets[0].labels) == 24
        assert "left" in sheets[0].labels[0]


def test_loss_falls(thirds_student) -> None:
    _, events = run(SYNTHESISERS["generator"], thirds_student, steps=60)
    losses = [event.losses for event in events if isinstance(event, SynthesisStep)]
    assert losses[-1]["cross_entropy"] < 0.7 * losses[0]["cross_entropy"]
    assert losses[-1]["batchnorm"] < losses[0]["batchnorm"]
    for loss in losses:
        assert loss["total"] == pytest.approx(loss["cross_entropy"] + 10 * loss["batchnorm"], rel=1e-4)


class TestMemory:
    """A student that can hold only so many images at a time."""

    def test_the_batch_is_halved_until_it_fits(self, thirds_student) -> None:
        probes, seen = self.run_with_room_for(thirds_student, 7)
        assert isinstance(probes, Probes)
        assert seen[:3] == [24, 12, 6]
        assert set(seen[2:]) == {6}

    def test_too_little_for_two_images_is_an_error_with_its_remedy(self, thirds_student) -> None:
        with pytest.raises(InputError, match="not enough memory"):
            self.run_with_room_for(thirds_student, 1)

    @staticmethod
    def run_with_room_for(student, images: int) -> tuple[Probes, list[int]]:
        seen: list[int] = []

        def refuse(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            seen.append(len(arguments[0]))
            if seen[-1] > images:
                raise torch.OutOfMemoryError("out of memory")

        handle = student.module.register_forward_pre_hook(refuse)
        try:
            return run(SYNTHESISERS["generator"], student, steps=4)[0], seen
        finally:
            handle.remove()
