"""Settings of synthesis: what a TOML file may say, what the effort fills in, and how a mix is shared out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import AuditConfig, config_from_toml, config_to_toml, load_config
from core.errors import InputError
from core.synthesis.settings import (
    METHODS,
    RULES,
    FolderConfig,
    GeneratorConfig,
    InversionConfig,
    MixConfig,
    Part,
    PyramidsConfig,
    SelectionConfig,
    SynthesisConfig,
    settings_of,
)
from core.words import METHODS as METHOD_WORDS
from core.words import RULES as RULE_WORDS

AUDIT = 'serve = "demo"\n[student]\ncheckpoint = "a.pt"\n'
MIX = """
[synthesis]
method = "mix"
selection = { rule = "spread" }
[[synthesis.parts]]
share = 1
synthesis = { steps = 5 }
[[synthesis.parts]]
share = 3
synthesis = { method = "folder", path = "own", selection = { rule = "balanced", pool_factor = 2 } }
"""
OWN = FolderConfig(path=Path("own"), selection=SelectionConfig(rule="balanced", pool_factor=2))
MIXED = MixConfig(
    selection=SelectionConfig(rule="spread"),
    parts=(Part(share=1, synthesis=InversionConfig(steps=5)), Part(share=3, synthesis=OWN)),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", InversionConfig()),
        ("[synthesis]\nsteps = 5\nshift = 3", InversionConfig(steps=5, shift=3)),
        ('[synthesis]\nmethod = "generator"', GeneratorConfig()),
        ('[synthesis]\nmethod = "inversion"\nbatchnorm_weight = 0', InversionConfig(batchnorm_weight=0)),
        (
            '[synthesis]\nmethod = "pyramids"\n[synthesis.selection]\nrule = "log_det"\npool_factor = 9',
            PyramidsConfig(selection=SelectionConfig(rule="log_det", pool_factor=9)),
        ),
        (MIX, MIXED),
    ],
)
def test_from_toml_and_back(text: str, expected: SynthesisConfig) -> None:
    config = config_from_toml(AUDIT + text)
    assert config.synthesis == expected
    assert config_from_toml(config_to_toml(config)) == config
    assert AuditConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('method = "secret"', "method should be one of generator, paper_generator"),
        ("method = 3", "method should be one of"),
        ('method = "inversion"\nwidth = 8', "inversion.width: Extra inputs"),
        ('method = "folder"', "folder.path: Field required"),
        ('method = "folder"\npath = "a\\u0000"', "no NUL"),
        ('method = "power_noise"\nlowest_exponent = 3', "must not be below"),
        ('method = "mix"\nparts = [{ share = 1, synthesis = {} }]', "at least 2"),
        ('method = "mix"\nparts = [{ share = 1, synthesis = { method = "mix" } }]', "method should be one of"),
        ('selection = { rule = "best" }', "selection.rule"),
        ("selection = { pool_factor = 0 }", "pool_factor"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        config_from_toml(f"{AUDIT}[synthesis]\n{text}")
    assert message in str(caught.value) and "secret" not in str(caught.value)


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(AUDIT + MIX)
    parts = load_config(tmp_path / "audit.toml").synthesis.parts
    assert parts[1].synthesis.path == tmp_path / "own"


@pytest.mark.parametrize("method", [GeneratorConfig, InversionConfig])
def test_the_effort_fills_in_the_steps_that_nobody_named(method: type) -> None:
    steps = [method().at(effort).num_steps for effort in ("quick", "standard", "thorough")]
    assert steps == sorted(set(steps)) and method().num_steps == steps[1]
    assert method(steps=7).at("thorough").num_steps == 7
    mixed = MixConfig(parts=(Part(share=1, synthesis=method()), Part(share=1, synthesis=PyramidsConfig())))
    assert [mixed.at(effort).num_steps for effort in ("quick", "standard", "thorough")] == steps
    assert PyramidsConfig().at("thorough") == PyramidsConfig()


@pytest.mark.parametrize(
    ("shares", "turns"),
    [
        ((1, 1), "01010101"),
        ((1, 3), "10111011"),
        ((3, 1), "00100010"),
        ((1, 1, 2), "20122012"),
        ((1, 1000), "11111111"),
    ],
)
def test_parts_take_turns_by_their_shares(shares: tuple[float, ...], turns: str) -> None:
    mix = MixConfig(parts=tuple(Part(share=share, synthesis=PyramidsConfig()) for share in shares))
    assert "".join(map(str, mix.turns(8))) == turns
    assert mix.turns(3) == mix.turns(8)[:3]


def test_work_grows_with_the_pool_and_the_steps() -> None:
    pooled = SelectionConfig(rule="spread", pool_factor=4)
    plain = SelectionConfig(rule="none")
    assert InversionConfig(steps=50, batch=8, selection=plain).passes(20) == 50 * 20
    assert InversionConfig(steps=50, batch=64, selection=plain).passes(20) == 50 * 64
    assert GeneratorConfig(steps=50, batch=64).passes(20) == 2 * 50 * 64
    assert PyramidsConfig().passes(20) == 0 < PyramidsConfig(selection=pooled).passes(20) < 1000
    assert InversionConfig(steps=50, batch=8, selection=pooled).passes(20) > 50 * 80
    looks = PyramidsConfig(selection=SelectionConfig(rule="spread")).passes(20)
    assert MIXED.passes(20) == OWN.passes(30) + InversionConfig(steps=5).passes(10) + looks


def test_every_method_and_rule_has_words_and_usual_settings() -> None:
    assert set(METHOD_WORDS) == set(METHODS) and set(RULE_WORDS) == set(RULES)
    assert settings_of("inversion", "spread") == InversionConfig(selection=SelectionConfig(rule="spread"))
    assert settings_of("inversion") == InversionConfig() and settings_of("pyramids") == PyramidsConfig()


def test_the_size_of_images_decides_what_is_left_to_it() -> None:
    small, large = (InversionConfig(shift=3).sized(side * side) for side in (32, 224))
    assert small.coarse_share == 0 and large.coarse_share == 0.75
    assert small.batchnorm_weight == 1000 and large.batchnorm_weight == 100
    assert small.shift == large.shift == 3
    assert (small.pool(50), large.pool(50)) == (150, 50)
    assert InversionConfig(selection=SelectionConfig(rule="spread", pool_factor=4)).sized(224 * 224).pool(50) == 200
    assert large.passes(50) < small.passes(50) / 3
    mixed = MixConfig(parts=(Part(share=1, synthesis=InversionConfig()), Part(share=1, synthesis=PyramidsConfig())))
    assert mixed.sized(224 * 224).parts[0].synthesis == InversionConfig().sized(224 * 224)
