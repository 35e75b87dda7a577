"""A run that ended without all answers: who or what is missing, and how to go on."""

from __future__ import annotations

import streamlit as st

from core.results import Queries, Results
from core.runs.folder import RunFolder
from core.runs.records import Budgets
from core.ui.frame import guarded
from core.ui.resume import resume_control
from core.ui.text import plain
from core.words import PROBE_SETS


def completion(folder: RunFolder, results: Results) -> None:
    """Nothing for a complete run."""
    if results.complete:
        return
    with st.container(border=True, key="completion"):
        st.markdown(":orange[:material/pending:] **Not everything was asked**")
        for one in results.unreachable:
            st.markdown(f"**{plain(one.candidate)}** could not be reached, and is not ranked: {plain(one.message)}")
        if results.shortfalls:
            parts = (
                f"{one.asked:,} of {one.planned:,} ({PROBE_SETS[one.probe_set].lower()})" for one in results.shortfalls
            )
            st.markdown(f"The budget did not pay for all probes. Asked were {plain(', '.join(parts))}.")
            missing = sum(one.planned - one.asked for one in results.shortfalls)
            raise_budget(folder, missing, results.queries)
        else:
            names = ", ".join(one.candidate for one in results.unreachable)
            resume_control(
                folder,
                key="completion",
                label="Retry this candidate" if len(results.unreachable) == 1 else "Retry these candidates",
                help=f"Asks {plain(names)} what is missing. The others are not asked anything again.",
            )


def raise_budget(folder: RunFolder, missing: int, spent: Queries | None = None) -> None:
    """Fields for each budget that the run has, filled with what it takes, and a button to go on with them.

    Args:
        missing: probes that no candidate was asked about yet, at most.
        spent: what the run has sent; None where that is not known.
    """
    budgets, config = folder.budgets(), folder.manifest().config
    raised: dict[str, int] = {}
    columns = st.columns(3)
    for place, (name, limit) in enumerate(budgets.candidates.items()):
        raised[name] = columns[place % 3].number_input(
            f"Budget of {plain(name)}",
            limit,
            10**9,
            max(limit, (spent.by_candidate.get(name, 0) if spent else limit) + missing),
            key=f"raise_{place}",
            help="Images that this audit may send it in all, those that it has sent included.",
        )
    run = budgets.run
    if run is not None:
        run = columns[len(raised) % 3].number_input(
            "Budget of this audit",
            run,
            10**9,
            max(run, (spent.sent if spent else run) + missing * len(config.candidates)),
            key="raise_run",
            help="Images that it may send to all candidates, those that it has sent included.",
        )
    resume_control(
        folder,
        key="raise",
        label="Raise the budget and go on",
        help="Asks what is missing. Nothing that was answered is asked or paid for again.",
        before=lambda: _raise(folder, Budgets(run=run, candidates=raised)),
    )


def _raise(folder: RunFolder, budgets: Budgets) -> None:
    with guarded():
        folder.set_budgets(budgets)
