"""The benchmark's methods: the default is the audit's own, an ablation differs in one setting."""

from __future__ import annotations

import numpy as np
import pytest

from core.bench.grid import PLANS, Plan, Zoo
from core.bench.methods import METHODS, SMALL, asked_students
from core.bench.place import Place
from core.bench.sources import Material, Rounded, Synthesised, draws_of
from core.config import AuditConfig, StudentConfig
from core.students.base import Student
from core.synthesis.settings import (
    InversionConfig,
    MethodConfig,
    MixConfig,
    Part,
    PyramidsConfig,
    SelectionConfig,
    WhiteNoiseConfig,
)

FULL, LITTLE = PLANS["held_out"], PLANS["small"]
SELECTED = SelectionConfig(rule="balanced", pool_factor=3)
MIX = MixConfig(
    parts=(Part(share=1, synthesis=InversionConfig()), Part(share=1, synthesis=PyramidsConfig(selection=SELECTED)))
)


def test_the_default_is_what_an_audit_makes_that_says_nothing_of_it() -> None:
    audit = AuditConfig(student=StudentConfig(checkpoint="student.safetensors"), serve="demo")
    assert METHODS["default"].source == Synthesised(audit.synthesis)
    assert METHODS["default"].source.key(FULL) == Synthesised(audit.synthesis_of("synthesised")).key(FULL)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.ablates])
def test_an_ablation_differs_in_one_setting(name: str) -> None:
    whole = METHODS[METHODS[name].ablates]
    assert whole.ablates is None
    source = METHODS[name].source
    if isinstance(source, Rounded):
        assert source.of == whole.source
    else:
        own, other = (some.config.model_dump() for some in (source, whole.source))
        assert sum(own[key] != other[key] for key in own) == 1


def test_the_small_benchmark_has_something_of_each_part_of_a_report() -> None:
    assert {"default", "real", "pyramids"} <= set(SMALL) <= set(METHODS)
    assert any(METHODS[name].ablates in SMALL for name in SMALL)


@pytest.mark.parametrize(
    ("config", "images", "share"),
    [
        (WhiteNoiseConfig(), 2000, 1 / 20),  # images do not depend on each other
        (PyramidsConfig(selection=SELECTED), 600, 1 / 2),  # nor here, but opinions of them take time
        (InversionConfig(), 300, 1.0),  # each takes an optimisation
        (InversionConfig(selection=SelectionConfig(rule="none")), 300, 128 / 300),  # a whole batch at least
        (METHODS["generator"].source.config, 300, 1.0),  # training takes the time, not drawing
    ],
)
def test_how_many_images_all_draws_are_parts_of(config: MethodConfig, images: int, share: float) -> None:
    source = Synthesised(config)
    assert source.images(FULL) == images and source.share(FULL) == pytest.approx(share, rel=1e-3)
    assert source.images(LITTLE) <= max(400, 2 * config.pool(100))


@pytest.mark.parametrize(("images", "apart"), [(60, True), (30, False)])
def test_draws_share_images_only_where_there_are_too_few(images: int, apart: bool) -> None:
    draws = draws_of(images, 3, 20)
    assert draws.shape == (3, 20) and draws.max() < images
    assert all(len(set(draw)) == 20 for draw in draws)
    assert (len(set(draws.ravel())) == 60) == apart


def test_rounding_leaves_so_many_levels_black_and_white_among_them() -> None:
    class Ramp:
        def key(self, plan: Plan) -> str:
            return "ramp"

        def make(self, student: Student, place: Place) -> Material:
            return Material(np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16), np.zeros((1, 1), int), 1.0)

    rounded = Rounded(Ramp(), levels=4)
    assert sorted(set(rounded.make(None, None).images.ravel().tolist())) == [0, 85, 170, 255]
    assert rounded.key(FULL) == "ramp-4-levels"


@pytest.mark.parametrize("zoo", ["tuning", "held_out"])
@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.one_in > 1])
def test_a_part_of_the_students_is_of_all_kinds(name: str, zoo: Zoo) -> None:
    place = Place("fashion_mnist", zoo)
    part, everyone = asked_students(place, name), place.students
    assert len(part) == -(-len(everyone) // METHODS[name].one_in)
    assert {one.architecture for one in part} == {one.architecture for one in everyone}
    lessons = [one.lesson for one in everyone]
    assert {one.lesson for one in part} >= {lesson for lesson in lessons if lessons.count(lesson) >= 8}


def test_a_key_is_of_the_settings_and_the_effort() -> None:
    keys = [Synthesised(config).key(FULL) for config in (MIX, InversionConfig(), InversionConfig(steps=7))]
    assert len(set(keys)) == 3 and keys[1] == Synthesised(InversionConfig(steps=200)).key(FULL)
    assert Synthesised(InversionConfig()).key(LITTLE) != keys[1]
