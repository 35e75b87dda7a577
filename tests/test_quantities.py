"""Numbers and times as readers meet them."""

from __future__ import annotations

import pytest

from core.quantities import between, duration, estimate, moment, number, ordinal, share, time_left
from core.results import Estimate


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8427, "0.843"), (-0.0361, "−0.036"), (0.0, "0.000"), (9.9994, "9.999"), (30.5678, "30.57"),
        (458.25, "458.2"), (1530.2, "1,530"), (0.00012, "1.2e-04"), (-2e6, "−2,000,000"),
        (float("nan"), "not a number"), (float("inf"), "∞"), (float("-inf"), "−∞"),
    ],
)  # fmt: skip
def test_number(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0 %"), (0.0004, "<0.1 %"), (0.001, "0.1 %"), (0.256, "25.6 %"), (0.94, "94 %"),
        (0.9994, ">99.9 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_share_rounds_nothing_away(value: float, shown: str) -> None:
    assert share(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.0 s"), (-1.0, "0.0 s"), (4.21, "4.2 s"), (9.96, "10 s"), (38.4, "38 s"), (59.7, "1 min"),
        (200.0, "3 min 20 s"), (3600.0, "1 h"), (7500.0, "2 h 5 min"),
    ],
)  # fmt: skip
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "a few seconds left"), (23.0, "about 25 seconds left"), (54.9, "about 55 seconds left"),
        (61.0, "about a minute left"), (400.0, "about 7 minutes left"), (7300.0, "about 2 hours left"),
    ],
)  # fmt: skip
def test_time_left(seconds: float, shown: str) -> None:
    assert time_left(seconds) == shown


@pytest.mark.parametrize(
    ("place", "shown"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd"), (113, "113th")],
)
def test_ordinal(place: int, shown: str) -> None:
    assert ordinal(place) == shown


def test_a_value_comes_with_its_interval_where_it_has_one() -> None:
    assert estimate(Estimate(value=0.427, low=0.357, high=0.467)) == "0.427 (0.357 to 0.467)"
    assert estimate(Estimate(value=0.427)) == "0.427"
    assert between(None, None) == ""


def test_moment_is_in_universal_time() -> None:
    assert moment("2025-11-24T23:31:00+02:00") == "24 Nov 2025, 21:31 UTC"
    assert moment("yesterday") == "yesterday"
