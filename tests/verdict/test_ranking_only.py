"""The words of a ranking without controls: they name the first, and never more than a ranking."""

from __future__ import annotations

import pytest

from core.results import Estimate, RankedCandidate
from core.verdict.ranking_only import ranking_only


def ranked(name: str, score: float, interval: tuple[float, float] | None) -> RankedCandidate:
    return RankedCandidate(candidate=name, score=score, interval=interval, scores={"rp": Estimate(value=score)})


@pytest.mark.parametrize(
    ("ranking", "score", "sentence", "why"),
    [
        ([("a", 0.9, (0.8, 1.0)), ("b", 0.1, (0.0, 0.2))], "rp", "a answers most like", "lead is clear"),
        ([("a", 0.3, (0.1, 0.5)), ("b", 0.2, (0.0, 0.4))], "rp", "a answers most like", "intervals overlap"),
        ([("a", 1.0, (0.8, 1.2)), ("b", 3.0, (2.0, 4.0))], "centred_distance", "a answers most like", "lead is clear"),
        ([("a", 0.3, None), ("b", 0.2, None)], "rp", "a answers most like", "no interval"),
        ([("a", 0.3, (0.1, 0.5))], "rp", "only candidate", "Some candidate always comes first"),
    ],
)
def test_words(ranking, score: str, sentence: str, why: str) -> None:
    verdict = ranking_only([ranked(*entry) for entry in ranking], score, {})
    assert verdict.kind == "ranking_only"
    assert verdict.candidates == ("a",)
    assert sentence in verdict.sentence
    assert "evidence" in verdict.sentence
    assert why in verdict.why
    assert verdict.stronger


def test_says_what_unoptimised_images_say() -> None:
    first, other = ranked("a", 0.9, (0.8, 1.0)), ranked("b", 0.1, (0.0, 0.2))
    verdict = ranking_only([first, other], "rp", {"white_noise": [other, first], "pyramids": [first, other]})
    assert "white noise puts b first" in verdict.why
    assert "structured random images put a first" in verdict.why
    assert "too" not in verdict.why
    assert "a first, too" in ranking_only([first, other], "rp", {"pyramids": [first, other]}).why
