"""A run that ended without all answers: who or what is missing, and how to go on."""

from __future__ import annotations

import streamlit as st

from core.config import TRIAL_IMAGES
from core.results import Queries, Results
from core.runs.folder import RunFolder
from core.runs.records import Budgets
from core.ui.frame import sentence
from core.ui.runs.resume import resume_control
from core.ui.text import plain, without_name
from core.words import cut_short
from core.zoo.cards import demo_candidates


def completion(folder: RunFolder, results: Results) -> None:
    """Nothing for a complete run."""
    if results.complete:
        return
    with st.container(border=True, key="completion"):
        st.markdown(":orange[:material/pending:] **Not everything was asked**")
        names = ", ".join(one.candidate for one in results.unreachable)
        for one in results.unreachable:
            st.markdown(f"**{plain(one.candidate)}** could not be asked, and is not ranked: "
                        f"{plain(without_name(one.message, one.candidate))}")  # fmt: skip
        untried = _untried(results, folder.budgets())
        if results.shortfalls:
            st.markdown(plain(sentence(cut_short(results.shortfalls))))
        if results.shortfalls or untried:
            if results.unreachable:
                st.markdown(f"Going on also asks {plain(names)} again.")
            settings, missing = results.settings, sum(one.planned - one.asked for one in results.shortfalls)
            every = settings.num_probes * len(settings.probe_sets)
            raise_budget(folder, every if untried else missing, results.queries)
        else:
            resume_control(
                folder,
                key="completion",
                label="Retry this candidate" if len(results.unreachable) == 1 else "Retry these candidates",
                help=f"Asks {plain(names)} what is missing. The others are not asked anything again.",
            )


def _untried(results: Results, budgets: Budgets) -> bool:
    """Whether somebody's budget does not even pay for the test images."""
    sent, limits = results.queries.by_candidate, budgets.candidates
    lost = [one.candidate for one in results.unreachable if one.candidate in limits]
    return any(limits[name] < sent.get(name, 0) + TRIAL_IMAGES for name in lost)


def raise_budget(folder: RunFolder, missing: int, spent: Queries | None = None) -> None:
    """Fields for each budget that the run has, filled with what it takes, and a button to go on with them.

    Args:
        missing: probes that no candidate was asked about yet, at most.
        spent: what the run has sent; None where that is not known.
    """
    budgets, config = folder.budgets(), folder.manifest().config
    missing += TRIAL_IMAGES  # which are asked anew where that was long ago
    asked = sum(one.is_remote for one in config.candidates) if config.candidates else len(demo_candidates())
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
            max(run, (spent.sent if spent else run) + missing * asked),
            key="raise_run",
            help="Images that it may send to all candidates, those that it has sent included.",
        )
    resume_control(
        folder,
        key="raise",
        label="Raise the budget and go on",
        help="Asks what is missing. Nothing that was answered is asked or paid for again.",
        before=lambda: folder.set_budgets(Budgets(run=run, candidates=raised)),
    )
