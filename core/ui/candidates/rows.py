"""The candidates of the set-up page as they are kept between visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.candidates import CandidateConfig
from core.config import validated
from core.errors import InputError
from core.teachers.addresses import is_shared

ROWS = "setup_rows"
Row = Mapping[str, object]  # fields of a candidate, which may be incomplete


def rows() -> list[Row]:
    """What the list holds."""
    return st.session_state.get(ROWS, [])


def set_rows(candidates: Sequence[CandidateConfig]) -> None:
    """Replace what the list holds."""
    st.session_state[ROWS] = [row_of(candidate) for candidate in candidates]


def put_row(candidate: CandidateConfig, place: int | None = None) -> None:
    """Put a candidate in a row's place, or below all.

    Raises:
        InputError: another one has its name.
    """
    kept = list(rows())
    if candidate.name in {row.get("name") for index, row in enumerate(kept) if index != place}:
        raise InputError(f"there is a candidate {candidate.name} already", remedy="give it another name")
    if place is None:
        kept.append(row_of(candidate))
    else:
        kept[place] = row_of(candidate)
    st.session_state[ROWS] = kept


def remove_row(place: int) -> None:
    st.session_state[ROWS] = [row for index, row in enumerate(rows()) if index != place]


def row_of(candidate: CandidateConfig) -> Row:
    """What is kept of a candidate: all that is not as usual."""
    return candidate.model_dump(mode="json", exclude_defaults=True)


def candidates_of_rows() -> tuple[tuple[CandidateConfig, ...], list[str]]:
    """The candidates that are complete, and what is wrong with the others, a sentence each."""
    candidates, problems = [], []
    for number, row in enumerate(rows(), start=1):
        try:
            given = {name: value for name, value in row.items() if value not in (None, "")}
            candidates.append(_permitted(validated(CandidateConfig, given)))
        except InputError as error:
            problems.append(f"row {number} ({row.get('name') or 'no name'}): {error.what}")
    names = [candidate.name for candidate in candidates]
    problems += [f"two candidates are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    return tuple(candidates), problems


def _permitted(candidate: CandidateConfig) -> CandidateConfig:
    """Raises `InputError` for one that names files of this machine where others than its users can reach the app."""
    if is_shared() and (candidate.checkpoint or candidate.ca_file):
        raise InputError(
            "it names a file of this machine, and others use the app too",
            remedy="name a candidate that is behind an address, without certificate authorities of its own",
        )
    return candidate
