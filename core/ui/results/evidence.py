"""What the findings rest on: the probes' check, settings, costs and versions."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.reports.summary import (
    LIMITS,
    Fact,
    candidate_facts,
    check_facts,
    cost_facts,
    settings_facts,
    student_facts,
)
from core.results import Results
from core.ui.text import plain


def check_panel(results: Results) -> None:
    """What the student alone said of the probes before any query was spent."""
    check = results.check
    if check.passed:
        st.markdown(":green[:material/check_circle:] The probes passed their check before any query was sent.")
    else:
        problems = plain("; ".join(check.problems))
        st.markdown(f":orange[:material/warning:] The probes failed their check: {problems}.")
    with st.grid(4, min_column_width=150, gap="small", border=True):
        for fact in check_facts(check, results.student.num_classes):
            st.markdown(f":small[:gray[{fact.label}]]  \n**{plain(fact.value)}**", help=fact.help)


def details(results: Results) -> None:
    """Everything needed to repeat the audit, and what it cost."""
    left, right = st.columns(2, gap="large")
    with left:
        _list("Student", student_facts(results))
        st.caption("SHA-256 of the checkpoint")
        st.code(results.student.sha256, language=None, wrap_lines=True)
        _list("Candidates", candidate_facts(results))
        _list("Queries and time", cost_facts(results))
    with right:
        _list("Settings", settings_facts(results))
        _list("Versions", (Fact(name, version) for name, version in sorted(results.versions.items())))


def limits() -> None:
    """What no ranking proves, in words."""
    st.subheader("What this does not prove", anchor=False)
    st.markdown("\n".join(f"- {plain(limit)}" for limit in LIMITS))


def _list(title: str, facts: Iterable[Fact]) -> None:
    st.markdown(f"**{title}**")
    rows = [[f":gray[{plain(fact.label)}]", plain(fact.value)] for fact in facts]
    st.table(rows, border="horizontal", hide_header=True, hide_index=True, alt=title)
