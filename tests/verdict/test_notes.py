"""What a reader is told of how a ranking came about."""

from __future__ import annotations

from core.config import SYNTHESISED
from core.results import Shortfall, Unreachable
from core.scoring.answer_kinds import FULL, Level
from core.verdict.notes import notes


def test_nothing_to_say_is_said_by_nothing() -> None:
    assert notes(FULL, "agreement", "", (), ()) == ""


def test_each_circumstance_is_a_sentence() -> None:
    lost = [Unreachable(candidate=name, message="gone") for name in ("b", "c")]
    short = [Shortfall(probe_set=SYNTHESISED, asked=1200, planned=3000)]
    assert notes(Level("labels", poorest=("a",)), "agreement", "labels tell no more", lost, short) == (
        "All are compared by their first classes, since a answers with no more. "
        "Ranked by Agreement: labels tell no more. "
        "Not ranked, since they could not be asked: b, c. Whoever is left out may be the teacher. "
        "The budget did not pay for all probes: only 1,200 of 3,000 (synthesised probes) were asked."
    )
