"""`.streamlit/config.toml`: colours that can be told apart and read, and nothing that the app would fetch."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest
from streamlit import config

FILE = Path(__file__).parents[1] / ".streamlit" / "config.toml"
SETTINGS = tomllib.loads(FILE.read_text(encoding="utf-8"))
MODES = ("light", "dark")

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
EYES = {
    "normal": np.eye(3),
    "protan": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deutan": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "tritan": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    """ "#rrggbb" as linear RGB `(3,)` in [0, 1] (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """WCAG 2 contrast, in [1, 21]."""
    dark, light = sorted(linear(colour) @ (0.2126, 0.7152, 0.0722) for colour in (one, two))
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB `(3,)` in a space where distances are as they look (Ottosson 2020)."""
    lms = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]) @ rgb
    lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return lab @ np.cbrt(lms)


@pytest.mark.parametrize(("colour", "sees"), [("#000000", 21.0), ("#FFFFFF", 1.0), ("#777777", 4.48)])
def test_contrast_is_that_of_wcag(colour: str, sees: float) -> None:
    assert contrast(colour, "#FFFFFF") == pytest.approx(sees, abs=0.005)


@pytest.mark.parametrize("mode", MODES)
def test_text_can_be_read(mode: str) -> None:
    theme = SETTINGS["theme"][mode]
    grounds = {theme[key] for key in ("backgroundColor", "secondaryBackgroundColor", "codeBackgroundColor")}
    grounds |= {theme["sidebar"]["backgroundColor"], theme["sidebar"]["secondaryBackgroundColor"]}
    texts = {theme[key] for key in ("textColor", "linkColor", "codeTextColor")}
    assert min(contrast(text, ground) for text in texts for ground in grounds) >= 4.5
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5  # a main button's label
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3


@pytest.mark.parametrize("mode", MODES)
def test_chart_colours_show_and_differ_for_every_eye(mode: str) -> None:
    theme = SETTINGS["theme"][mode]
    assert (
        len(theme["chartCategoricalColors"]) == 10
    )  # Plotly's templates have ten places, and fall back if one is empty
    colours = list(dict.fromkeys(theme["chartCategoricalColors"]))
    assert len(colours) >= 6
    assert min(contrast(colour, theme["backgroundColor"]) for colour in colours) >= 3
    for eye, matrix in EYES.items():
        seen = [oklab(np.clip(matrix @ linear(colour), 0, 1)) for colour in colours]
        nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert nearest > 0.076, eye  # what the palette of Okabe and Ito reaches


def test_every_setting_is_one_that_streamlit_knows() -> None:
    known = set(config.get_config_options(force_reparse=True))
    assert set(flat(SETTINGS)) <= known


def test_nothing_is_fetched() -> None:
    assert "://" not in FILE.read_text(encoding="utf-8")


def flat(table: dict[str, object], prefix: str = "") -> list[str]:
    """The dotted names of all settings."""
    names = []
    for key, value in table.items():
        names += flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return names
