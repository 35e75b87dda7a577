"""The contract of synthesis methods, over the whole table: adding one adds its tests."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import Cancelled
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import Probes
from core.synthesis.check import check_probes
from core.synthesis.methods import SYNTHESISERS, make_probes
from core.synthesis.settings import (
    FolderConfig,
    GeneratorConfig,
    InversionConfig,
    MethodConfig,
    MixConfig,
    PaperGeneratorConfig,
    PowerNoiseConfig,
    PyramidsConfig,
    SelectionConfig,
    ShapesConfig,
    WhiteNoiseConfig,
)
from tests.synthesis.conftest import untrained

STUDENTS = {  # with BatchNorm and without, with attention, grey and in colour, at a size that no cell divides
    "grey": ("convnet4", 1, 28),
    "colour": ("resnet8", 3, 33),
    "groupnorm": ("groupnet4", 3, 32),
    "vit": ("vit2", 1, 28),
}


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, MethodConfig]:
    """Every method, at settings that take little time."""
    folder = tmp_path_factory.mktemp("own")
    for index in range(40):
        pixels = np.random.default_rng(index).integers(0, 256, (9, 12, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    few = [
        GeneratorConfig(steps=3, batch=12, width=8, latent=4),
        PaperGeneratorConfig(steps=2, batch=4, latent=4),
        InversionConfig(steps=3, batch=12),
        WhiteNoiseConfig(),
        PyramidsConfig(colour=0.3),
        PowerNoiseConfig(colour=0.3),
        ShapesConfig(layers=3),
        FolderConfig(path=folder),
        MixConfig(
            parts=(
                {"share": 1, "synthesis": InversionConfig(steps=2)},
                {"share": 3, "synthesis": PyramidsConfig(selection=SelectionConfig(rule="spread", pool_factor=2))},
            )
        ),
    ]
    return {config.method: config for config in few}


@pytest.fixture(scope="module", params=STUDENTS)
def student(request: pytest.FixtureRequest) -> Student:
    architecture, channels, size = STUDENTS[request.param]
    return untrained(architecture, channels=channels, size=size)


def run(student: Student, config: MethodConfig, n: int = 13, seed: int = 0) -> tuple[Probes, list[object]]:
    events: list[object] = []
    return make_probes(student, config, n, torch.Generator().manual_seed(seed), events.append), events


def test_every_method_is_tried(configs: dict[str, MethodConfig]) -> None:
    assert set(configs) == set(SYNTHESISERS)


@pytest.mark.parametrize("method", SYNTHESISERS)
class TestEveryMethod:
    @pytest.mark.parametrize("n", [1, 13])
    def test_makes_as_many_images_as_asked_of_the_students_shape(
        self, method: str, configs: dict[str, MethodConfig], student: Student, n: int
    ) -> None:
        probes, _ = run(student, configs[method], n)
        assert probes.images.dtype == np.uint8 and probes.targets.dtype == np.float32
        assert probes.images.shape == (n, *student.shape)
        assert probes.targets.shape in ((n, 10), (n, 0))
        assert set(probes.targets.sum(axis=1).round(5)) <= {0.0, 1.0}
        assert len(probes) == check_probes(student, probes, torch.Generator()).probes
        assert n == 1 or len(np.unique(probes.images.reshape(n, -1), axis=0)) == n

    def test_its_seed_decides(self, method: str, configs: dict[str, MethodConfig], student: Student) -> None:
        first, again, other = (run(student, configs[method], seed=seed)[0] for seed in (0, 0, 1))
        np.testing.assert_array_equal(first.images, again.images)
        np.testing.assert_array_equal(first.targets, again.targets)
        assert (first.images != other.images).any()

    def test_leaves_the_student_and_the_global_random_state_alone(
        self, method: str, configs: dict[str, MethodConfig], student: Student
    ) -> None:
        before = {key: value.clone() for key, value in student.module.state_dict().items()}
        state = torch.random.get_rng_state()
        run(student, configs[method])
        assert torch.equal(torch.random.get_rng_state(), state)
        assert all(torch.equal(value, before[key]) for key, value in student.module.state_dict().items())
        assert not student.module.training
        for module in student.module.modules():
            assert not module._forward_hooks and not module._forward_pre_hooks
        assert all(parameter.grad is None for parameter in student.module.parameters())

    def test_tells_its_steps_and_shows_its_probes(
        self, method: str, configs: dict[str, MethodConfig], student: Student
    ) -> None:
        probes, events = run(student, configs[method], 30)
        steps = [event for event in events if isinstance(event, SynthesisStep)]
        assert [event.step for event in steps] == sorted({event.step for event in steps})
        assert all(np.isfinite(list(event.losses.values())).all() for event in steps)
        if wanted := configs[method].num_steps:
            assert steps[0].step == 1
            assert steps[-1].step == steps[-1].steps >= wanted
        last = events[-1]
        assert isinstance(last, Preview)
        np.testing.assert_array_equal(last.images, probes.images[:24])
        assert len(last.labels) == 24 and all(label.startswith("class ") for label in last.labels)

    def test_stops_at_once_when_telling_raises(
        self, method: str, configs: dict[str, MethodConfig], student: Student
    ) -> None:
        told = []

        def stop(event: object) -> None:
            told.append(event)
            raise Cancelled

        with pytest.raises(Cancelled):
            make_probes(student, configs[method], 13, torch.Generator(), stop)
        assert len(told) == 1
        for module in student.module.modules():
            assert not module._forward_hooks and not module._forward_pre_hooks
