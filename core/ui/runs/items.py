"""A run as one line of a list: what it was, how it stands, and where to go from there."""

from __future__ import annotations

import time

import streamlit as st

from core.quantities import duration
from core.runs.folder import RunFolder
from core.ui.facts import fact
from core.ui.frame import RESULTS, RUN
from core.ui.runs.delete import delete_control
from core.ui.runs.listing import RunRow
from core.ui.runs.resume import resume_control
from core.ui.text import plain, shortened
from core.ui.words import status_words

FOREIGN_HELP = "The version that wrote it can open it; this one can delete it. A damaged file looks the same."
TITLE_WIDTH = 270  # pixels; what follows moves below it on a narrow screen


def run_item(row: RunRow, *, manage: bool = False) -> None:
    """Draw one run.

    Args:
        row: the run.
        manage: whether Resume and Delete are offered beside the links.
    """
    words = status_words(row.status, row.results)
    config = row.manifest.config
    asked = "demo candidates" if config.serve else _count(len(config.candidates), "candidate")
    about = f"{row.created.day} {row.created:%b, %H:%M} · student {plain(shortened(row.student, 16))} · {asked}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width=TITLE_WIDTH):
            st.markdown(f"**{plain(shortened(config.name, 40))}**  \n:small[:gray[{about}]]")
        with st.container(width=125, gap="xxsmall"):
            st.badge(words.label + _progress(row), icon=words.icon, color=words.colour, help=words.help)
            st.markdown(f":small[:gray[{_took(row)}]]")
        fact("First place", plain(shortened(row.first, 18)) if row.first else "–", width=110)
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="xsmall"):
            _actions(row, manage)


def foreign_item(folder: RunFolder) -> None:
    """Draw a run that cannot be read: there is nothing to open, but its room may be wanted."""
    name = f"Run {folder.run[:8]}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width=TITLE_WIDTH):
            st.markdown(f"**{plain(name)}**  \n:small[:gray[Another version of this program wrote it]]")
        st.badge("Not readable", icon=":material/history_toggle_off:", color="gray", help=FOREIGN_HELP)
        with st.container(horizontal=True, horizontal_alignment="right"):
            delete_control(folder, name)


def _actions(row: RunRow, manage: bool) -> None:
    query = {"run": row.folder.run}
    if row.status == "done":
        st.page_link(RESULTS, label="Results", icon=":material/leaderboard:", query_params=query)
    st.page_link(RUN, label="Open", icon=":material/open_in_new:", query_params=query)
    if manage:
        resume_control(row.folder, key=row.folder.run)
        delete_control(row.folder, row.manifest.config.name)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _progress(row: RunRow) -> str:
    return f" {row.state.progress:.0%}" if row.status == "running" else ""


def _took(row: RunRow) -> str:
    if row.status == "running" and row.state.started:
        return f"for {duration(time.time() - row.state.started)}"
    return f"took {duration(row.duration)}" if row.duration else "not begun"
