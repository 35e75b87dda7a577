"""All runs, by state and by name, a page at a time."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import HOME, REFRESH
from core.ui.runs.items import foreign_item, run_item
from core.ui.runs.listing import ACTIVE, RunRow, foreign_runs, run_rows
from core.ui.words import STATUSES

PAGE = 12  # runs


def history_list() -> None:
    """Filters, the runs of one page, and the way to the others; fresh while a run goes on."""
    active = any(row.status in ACTIVE for row in run_rows())
    st.fragment(_list, run_every=REFRESH if active else None)()


def _list() -> None:
    rows, foreign = run_rows(), foreign_runs()
    if rows:
        _readable(rows)
    elif not foreign:
        with st.container(border=True, horizontal_alignment="center"):
            st.markdown(":material/history: **No audits yet.** Start with the demo on the home page.", width="content")
            st.page_link(HOME, label="Home", icon=":material/home:")
    for folder in foreign:
        foreign_item(folder)


def _readable(rows: list[RunRow]) -> None:
    kept = _filtered(rows)
    pages = -(-len(kept) // PAGE)
    page = min(st.session_state.get("history_page", 1), max(pages, 1))
    for row in kept[(page - 1) * PAGE : page * PAGE]:
        run_item(row, manage=True)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(_counted(len(kept), len(rows)), width="content")
        if pages > 1:
            st.pagination(pages, key="history_page")


def _filtered(rows: list[RunRow]) -> list[RunRow]:
    by_name, by_state = st.columns([2, 3], vertical_alignment="top")
    wanted = by_name.text_input(
        "Search",
        key="history_search",
        type="search",
        placeholder="Name, student or first place",
        help="Keeps runs whose name, student or best candidate contains this text.",
    )
    present = [status for status in STATUSES if any(row.status == status for row in rows)]
    states = by_state.pills(
        "State",
        present,
        selection_mode="multi",
        wrap=True,
        key="history_states",
        format_func=lambda status: STATUSES[status].label,
        help="Keeps runs in one of the chosen states; none chosen keeps all.",
    )
    text = (wanted or "").strip().lower()
    kept = (row for row in rows if not states or row.status in states)
    return [row for row in kept if not text or text in _searchable(row)]


def _searchable(row: RunRow) -> str:
    return "\n".join((row.manifest.config.name, row.student, row.first or "")).lower()


def _counted(kept: int, total: int) -> str:
    runs = "audit" if total == 1 else "audits"
    return f"{total} {runs}" if kept == total else f"{kept} of {total} {runs}"
