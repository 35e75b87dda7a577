"""The candidates' table as it is kept between visits of the page, and what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.candidates import CandidateConfig
from core.config import validated
from core.errors import InputError

EDITED, FIRST, VERSION = "setup_rows", "setup_rows_first", "setup_rows_version"
DEFAULTS: dict[str, object] = {
    name: field.get_default()
    for name, field in CandidateConfig.model_fields.items()
    if name in ("output", "pixels", "layout", "max_batch", "max_concurrency", "requests_per_minute", "timeout")
}
COLUMNS = ("name", "url", "model", "version", "key_env", *DEFAULTS)
INTEGERS, FLOATS = ("max_batch", "max_concurrency"), ("requests_per_minute", "timeout")
Row = Mapping[str, object]


def editor_key() -> str:
    """Key of the editor; a new one when the page changes them, so that it starts from the new rows."""
    return f"setup_editor_{st.session_state.get(VERSION, 0)}"


def set_rows(candidates: Sequence[CandidateConfig]) -> None:
    """Replace what the table holds."""
    _restart([_row(candidate) for candidate in candidates])


def add_row(candidate: CandidateConfig) -> None:
    """Put one more below what the table holds."""
    _restart([*st.session_state.get(EDITED, []), _row(candidate)])


def first_rows() -> pd.DataFrame:
    """What the editor starts from: it keeps edits apart from it, so it must not change under the editor."""
    if editor_key() not in st.session_state or FIRST not in st.session_state:
        st.session_state[FIRST] = _frame(st.session_state.get(EDITED, []))
    return st.session_state[FIRST]


def keep_rows(edited: pd.DataFrame) -> None:
    """Remember the table for the next visit."""
    rows = edited.astype(object).where(edited.notna(), None).to_dict("records")
    st.session_state[EDITED] = [row for row in rows if any(row[name] for name in COLUMNS if name not in DEFAULTS)]


def candidates_of_rows() -> tuple[tuple[CandidateConfig, ...], list[str]]:
    """The candidates that are complete, and what is wrong with the others, a sentence each."""
    candidates, problems = [], []
    for number, row in enumerate(st.session_state.get(EDITED, []), start=1):
        try:
            given = {name: value for name, value in row.items() if value not in (None, "")}
            candidates.append(validated(CandidateConfig, given))
        except InputError as error:
            problems.append(f"row {number} ({row['name'] or 'no name'}): {error.what}")
    names = [candidate.name for candidate in candidates]
    problems += [f"two candidates are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    return tuple(candidates), problems


def _row(candidate: CandidateConfig) -> Row:
    return candidate.model_dump(include=set(COLUMNS))


def _restart(rows: list[Row]) -> None:
    st.session_state[EDITED] = rows
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], columns=list(COLUMNS))
    return frame.astype(
        dict.fromkeys(COLUMNS, object) | dict.fromkeys(INTEGERS, "Int64") | dict.fromkeys(FLOATS, "Float64")
    )
