"""The benchmark's methods: the default is the audit's own, an ablation differs in one setting."""

from __future__ import annotations

import pytest

from core.bench.grid import PLANS
from core.bench.methods import METHODS, SMALL
from core.bench.sources import Synthesised
from core.config import AuditConfig, StudentConfig
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
    own, other = (method.source.config.model_dump() for method in (METHODS[name], whole))
    assert sum(own[key] != other[key] for key in own) == 1


def test_the_small_benchmark_has_something_of_each_part_of_a_report() -> None:
    assert {"default", "real", "pyramids"} <= set(SMALL) <= set(METHODS)
    assert any(METHODS[name].ablates in SMALL for name in SMALL)


@pytest.mark.parametrize(
    ("config", "makings", "share"),
    [
        (WhiteNoiseConfig(), (1, 2000), 1 / 20),  # images do not depend on each other
        (InversionConfig(), (1, 400), 1 / 4),  # nor here, but each takes an optimisation
        (PyramidsConfig(selection=SELECTED), (20, 100), 1.0),  # the order means something
        (InversionConfig(selection=SELECTED), (4, 100), 1.0),
        (MIX, (4, 100), 1.0),
        (METHODS["generator"].source.config, (1, 400), 1.0),  # training takes the time, not drawing
    ],
)
def test_how_often_images_are_made(config: MethodConfig, makings: tuple[int, int], share: float) -> None:
    source = Synthesised(config)
    assert source.makings(FULL) == makings and source.share(FULL) == pytest.approx(share)
    assert source.makings(LITTLE)[0] * source.makings(LITTLE)[1] <= 400


def test_a_key_is_of_the_settings_and_the_effort() -> None:
    keys = [Synthesised(config).key(FULL) for config in (MIX, InversionConfig(), InversionConfig(steps=7))]
    assert len(set(keys)) == 3 and keys[1] == Synthesised(InversionConfig(steps=100)).key(FULL)
    assert Synthesised(InversionConfig()).key(LITTLE) != keys[1]
