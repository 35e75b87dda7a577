"""What a reader must know of how a ranking came about: by what it compares, and who or what is missing from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.results import Shortfall, Unreachable
from core.scoring.answer_kinds import Level
from core.scoring.table import SCORES
from core.words import cut_short


def notes(
    level: Level,
    score: str,
    reason: str,
    *,
    nameless: Mapping[str, float],
    unreachable: Sequence[Unreachable],
    shortfalls: Sequence[Shortfall],
) -> str:
    """Whole sentences, "" where there is nothing to say.

    Args:
        reason: why `score` ranks and not the one that was asked for; "" where it does.
        nameless: by candidate, the share of its answers that name no class of the student, where any does not.
    """
    clauses = [
        str(level),
        f"ranked by {SCORES[score].label}: {reason}" if reason else "",
        *(f"{share:.0%} of {name}'s answers name no class of the student's" for name, share in nameless.items()),
        _left_out(unreachable),
        cut_short(shortfalls),
    ]
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in clauses if clause)


def _left_out(unreachable: Sequence[Unreachable]) -> str:
    if not unreachable:
        return ""
    names = ", ".join(one.candidate for one in unreachable)
    they = "it" if len(unreachable) == 1 else "they"
    return f"not ranked, since {they} could not be asked: {names}. Whoever is left out may be the teacher"
