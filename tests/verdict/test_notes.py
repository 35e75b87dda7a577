"""What a reader is told of how a ranking came about."""

from __future__ import annotations

from core.config import SYNTHESISED
from core.results import Shortfall, Unreachable
from core.scoring.answer_kinds import FULL, Level
from core.verdict.notes import notes


def test_nothing_to_say_is_said_by_nothing() -> None:
    assert notes(FULL, "agreement", "", nameless={}, unreachable=(), shortfalls=()) == ""


def test_each_circumstance_is_a_sentence() -> None:
    lost = [Unreachable(candidate=name, message="gone") for name in ("b", "c")]
    short = [Shortfall(probe_set=SYNTHESISED, asked=1200, planned=3000)]
    level = Level("labels", poorest=("a",))
    told = notes(level, "agreement", "labels tell no more", nameless={"a": 0.25}, unreachable=lost, shortfalls=short)
    assert told == (
        "All are compared by their first classes, since a answers with no more. "
        "Ranked by Agreement: labels tell no more. "
        "25% of a's answers name no class of the student's. "
        "Not ranked, since they could not be asked: b, c. Whoever is left out may be the teacher. "
        "The budget did not pay for all probes: only 1,200 of 3,000 (synthesised probes) were asked."
    )
