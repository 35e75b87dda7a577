"""What an audit costs, by prices and budgets worked out by hand."""

from __future__ import annotations

from core.candidates import CandidateConfig
from core.config import AuditConfig, StudentConfig
from core.costs import cost_of, planned_images

EACH = 3 * 10 + 2  # three sets of ten probes, and two test images
CANDIDATES = (
    CandidateConfig(name="dear", url="http://h", model="m", price=0.5),
    CandidateConfig(name="modest", url="http://h", model="m", price=2.0, budget=7),
    CandidateConfig(name="free", url="http://h", model="m"),
    CandidateConfig(name="mine", protocol="local", checkpoint="x.safetensors", price=100.0),
)


def config(*candidates: CandidateConfig, budget: int | None = None) -> AuditConfig:
    student = StudentConfig(checkpoint="s.safetensors")
    return AuditConfig(student=student, candidates=candidates, probes=10, budget=budget)


def test_a_candidate_is_sent_what_its_budget_allows() -> None:
    assert planned_images(config(*CANDIDATES)) == {"dear": EACH, "modest": 7, "free": EACH}


def test_within_a_budget_the_dearest_that_it_pays_for_is_counted() -> None:
    modest = config(*CANDIDATES, budget=20)
    assert planned_images(modest) == {"dear": 20, "modest": 7, "free": 20}
    assert cost_of(modest) == 7 * 2.0 + 13 * 0.5


def test_what_is_planned_and_what_was_sent_have_their_price() -> None:
    assert cost_of(config(*CANDIDATES)) == EACH * 0.5 + 7 * 2.0
    assert cost_of(config(*CANDIDATES), {"dear": 4, "free": 9}) == 2.0


def test_without_prices_no_cost_is_known() -> None:
    assert cost_of(config(*CANDIDATES[2:])) is None
