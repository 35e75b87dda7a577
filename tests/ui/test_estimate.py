"""How long an audit will take: monotone in what makes it longer, and said without false precision."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.candidates import CandidateConfig
from core.config import AuditConfig, InputSpec, StudentConfig
from core.ui.estimate import images_at_most, in_words, predicted_seconds

CONFIG = AuditConfig(student=StudentConfig(checkpoint=Path("s")), serve="demo")
LARGE = InputSpec(channels=3, height=224, width=224, mean=(0, 0, 0), std=(1, 1, 1))


@pytest.mark.parametrize(
    "longer",
    [
        {"config": CONFIG.model_copy(update={"effort": "thorough"})},
        {"candidates": 60},
        {"input": LARGE},
        {"parameters": 25_000_000},
        {"latency": 2.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_more_work_takes_longer(longer: dict) -> None:
    usual = {"config": CONFIG, "candidates": 6}
    more = {**usual, **longer}
    assert predicted_seconds(more.pop("config"), **more) > predicted_seconds(usual.pop("config"), **usual)


def test_the_demo_is_a_matter_of_a_minute() -> None:
    assert 15 < predicted_seconds(CONFIG, candidates=6) < 60


def test_slow_candidates_are_counted_by_the_request() -> None:
    fast, slow = (predicted_seconds(CONFIG, candidates=1, latency=seconds) for seconds in (1.0, 2.0))
    assert slow - fast == pytest.approx(302 / 32)  # three sets of 100, and two test images


@pytest.mark.parametrize(
    ("limits", "asking"),
    [
        ({"max_batch": 1}, 302 * 0.5),
        ({"max_batch": 1, "max_concurrency": 4}, 302 * 0.5 / 4),
        ({"max_batch": 100}, 4 * 0.5),
        ({"max_batch": 1, "requests_per_minute": 20}, 302 * 3),
        ({"max_batch": 1, "requests_per_minute": 6000}, 302 * 0.5),
    ],
    ids=str,
)
def test_the_slowest_candidate_takes_as_long_as_its_limits_make_it(limits: dict, asking: float) -> None:
    slow, quick = (CandidateConfig(name=name, url="http://a", model="m") for name in ("slow", "quick"))
    asked = (quick, slow.model_copy(update=limits))
    seconds = predicted_seconds(CONFIG, candidates=2, asked=asked, latency=0.5)
    at_once = predicted_seconds(CONFIG, candidates=0, latency=0.5)
    assert seconds - at_once == pytest.approx(max(asking, 10 * 0.5))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "under a minute"),
        (45, "about a minute"),
        (89, "about a minute"),
        (91, "about 2 minutes"),
        (3000, "about 50 minutes"),
        (2 * 3600, "about 2 hours"),
    ],
)
def test_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_images_are_counted_within_budgets_and_over_the_network_only() -> None:
    asked = (
        CandidateConfig(name="one", url="http://a", model="m", budget=10),
        CandidateConfig(name="two", url="http://a", model="m"),
        CandidateConfig(name="here", protocol="local", checkpoint=Path("x.pt")),
    )
    own = CONFIG.model_copy(update={"serve": None, "candidates": asked})
    assert images_at_most(CONFIG, 6) == CONFIG.num_queries(6)
    assert images_at_most(own, 0) == 10 + own.num_queries(1)
    assert images_at_most(own.model_copy(update={"budget": 50}), 0) == 50
