"""Names that a command was given, against those that there are."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InputError


def chosen(wanted: Sequence[str] | None, known: Sequence[str], what: str) -> Sequence[str]:
    """`wanted`, or everything that is known where nothing is; raises `InputError` for what is not known."""
    if unknown := set(wanted or ()) - set(known):
        raise InputError(
            f"there is no {what} {', '.join(sorted(unknown))}",
            rule=f"one of {', '.join(known)}",
            remedy="choose one of these",
        )
    return wanted or known
