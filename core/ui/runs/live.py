"""A run while it goes on: phases, probes in the making, losses and bars, fresh every second."""

from __future__ import annotations

import time

import streamlit as st

from core.config import SYNTHESISED, AuditConfig
from core.costs import cost_of
from core.events import PHASES, Phase
from core.quantities import duration, money, ordinal, share, time_left
from core.runs.control import place_in_line
from core.runs.folder import RunFolder
from core.runs.preview import data_uri
from core.runs.records import RunState, ShownStatus
from core.ui.charts import draw, loss_chart, ranking_chart
from core.ui.estimate import images_at_most
from core.ui.frame import RESULTS, guarded
from core.ui.runs.listing import ACTIVE
from core.ui.runs.progress import Progress, follow
from core.ui.text import plain, shortened
from core.words import PHASES as PHASE_NAMES
from core.words import PROBE_SETS
from core.zoo.cards import demo_candidates

TICK = 1.0  # seconds
PLANNED = (
    "Every probe of every set for every candidate, and two test images for each when it is connected, as far as "
    "budgets allow. A resumed run connects again. Weights on this machine are asked without sending anything."
)
ENDED: dict[ShownStatus, str] = {
    "failed": ":red[:material/error:]",
    "cancelled": ":orange[:material/cancel:]",
    "interrupted": ":orange[:material/power_off:]",
}


def live_view(folder: RunFolder) -> None:
    """Draw the run, again every second while it waits or goes on; at its end, lead to the results once."""
    status = folder.status()
    st.fragment(_tick, run_every=TICK if status in ACTIVE else None)(folder, status)


def _tick(folder: RunFolder, drawn: ShownStatus) -> None:
    """One look at the run; `drawn` is the status that the rest of the page was drawn for."""
    with guarded():
        if (status := folder.status()) != drawn:
            if status == "done" and drawn in ACTIVE:
                st.switch_page(RESULTS, query_params={"run": folder.run})
            st.rerun()
        progress = st.session_state["run_progress"] = follow(folder, st.session_state.get("run_progress"))
        state = folder.state()
        _stepper(state, status, progress)
        _bar(folder, state, status)
        with st.grid(2, min_column_width=400, gap="medium"):
            with st.container(border=True, height="stretch"):
                _contact_sheet(folder, status)
            with st.container(border=True, height="stretch"):
                _losses(folder, progress)
            with st.container(border=True, height="stretch"):
                _ranking(folder, progress)
            with st.container(border=True, height="stretch"):
                _account(folder, state, progress)


def _stepper(state: RunState, status: ShownStatus, progress: Progress) -> None:
    reached = PHASES.index(state.phase) if state.phase else -1
    with st.container(border=True), st.grid(len(PHASES), min_column_width=140, gap="small"):
        for place, phase in enumerate(PHASES):
            seconds = state.seconds.get(phase)
            if status == "done" or place < reached:
                icon = ":green[:material/check_circle:]"
            elif place > reached:
                icon = ":gray[:material/radio_button_unchecked:]"
            else:
                icon = ENDED.get(status, ":blue[:material/progress_activity:]")
                seconds = _so_far(state, status, progress, phase)
            took = duration(seconds) if seconds is not None else "–"
            st.markdown(f"{icon} :small[:gray[{took}]]  \n{PHASE_NAMES[phase]}")


def _so_far(state: RunState, status: ShownStatus, progress: Progress, phase: Phase) -> float | None:
    """Seconds in the phase that a run is in, those of an earlier try included."""
    earlier = state.seconds.get(phase)
    if status != "running" or progress.phase_started is None:
        return earlier
    return (earlier or 0.0) + time.time() - progress.phase_started


def _bar(folder: RunFolder, state: RunState, status: ShownStatus) -> None:
    if status == "queued":
        ahead = place_in_line(folder)
        audits = "one audit is" if ahead == 1 else f"{ahead} audits are"
        waiting = f"{ordinal(ahead + 1)} in line: {audits} before this one" if ahead else "Starting"
        st.progress(0.0, text=waiting)
    elif status == "running":
        unknown = "estimating the time left" if state.phase else "starting up"
        left = unknown if state.eta is None else time_left(state.eta)
        st.progress(min(max(state.progress, 0.0), 1.0), text=f"{state.progress:.0%} · {left}")
    elif status == "done":
        st.progress(1.0, text=f"Took {duration(sum(state.seconds.values()))}")
    else:
        st.progress(min(max(state.progress, 0.0), 1.0), text=f"Stopped at {state.progress:.0%}")


def _contact_sheet(folder: RunFolder, status: ShownStatus) -> None:
    st.markdown(
        "**Probes in the making**" if status in ACTIVE else "**Synthesised probes**",
        help="Beneath each image stands the class it was made for; where it was made for none, the one that the "
        "student sees in it.",
    )
    try:
        sheet = folder.preview.read_bytes()
    except FileNotFoundError:
        _nothing_yet("The first images appear here within seconds of the synthesis.", status in ACTIVE)
        return
    st.image(
        data_uri(sheet),
        width="stretch",
        alt="Contact sheet of synthesised probes, each above the class it was made for or is seen as",
    )


def _losses(folder: RunFolder, progress: Progress) -> None:
    if not progress.steps:
        st.markdown("**Loss of the synthesis**")
        optimised = folder.manifest().config.synthesis.num_steps > 0
        words = "The curve starts with the first step of the synthesis." if optimised else "Nothing is optimised here."
        _nothing_yet(words, False)
        return
    draw(loss_chart(progress.steps, run=progress.run), key="run_losses")


def _ranking(folder: RunFolder, progress: Progress) -> None:
    if (ranked := progress.rankings.get(SYNTHESISED)) is None or not ranked.ranking:
        st.markdown("**Ranking so far**")
        _nothing_yet("Bars move here as soon as the first answers arrive.", False)
        return
    first = ranked.ranking[0]
    wanted = folder.manifest().config.score
    score = wanted if wanted in first.scores else next(iter(first.scores), wanted)
    title = f"Ranking on {ranked.probes} answered probes"
    draw(ranking_chart(ranked.ranking, score, title=title, run=progress.run), key="run_ranking")
    st.caption("Whiskers: 95 % of redraws of the probes. Someone is always first; this is not evidence yet.")


def _account(folder: RunFolder, state: RunState, progress: Progress) -> None:
    st.markdown("**Queries**", help="A query is one image sent to one candidate. This is what an API may charge for.")
    row = st.grid(3, min_column_width=80, gap="small")
    row.metric("Sent", f"{state.sent:,}", help="Images that went over the network, repeated ones counted each time.")
    row.metric("Known", f"{state.cached:,}", help="Answers of earlier runs on this computer; they cost nothing.")
    row.metric("Planned", f"{_planned(folder):,}", help=PLANNED)
    if progress.answered:
        answered = progress.answered
        about = PROBE_SETS.get(answered.probe_set, answered.probe_set).lower()
        st.caption(f"{answered.done:,} of {answered.total:,} answers are in, the latest on {plain(about)}.")
    if progress.connected:
        names = ", ".join(
            f"{plain(shortened(name, 24))} ({1000 * found.latency:,.0f} ms)"
            for name, found in progress.connected.items()
        )
        st.caption(f"Connected: {names}.")
    config = _within_budgets(folder)
    if (cost := cost_of(config, progress.sent)) is not None:
        st.caption(f"Spent so far: {money(cost)}, of at most {money(cost_of(config) or 0.0)}.")
    for loss in progress.lost.values():
        st.warning(f"{plain(loss.message)} The audit goes on without it.", icon=":material/link_off:")
    if check := progress.check:
        if check.passed:
            on_target = "" if check.on_target is None else f": {share(check.on_target)} on target"
            st.markdown(f":green[:material/check_circle:] The probes passed their check{on_target}.")
        else:
            st.markdown(
                f":orange[:material/warning:] The probes failed their check: {plain('; '.join(check.problems))}."
            )


def _planned(folder: RunFolder) -> int:
    return images_at_most(_within_budgets(folder), len(demo_candidates()))


def _within_budgets(folder: RunFolder) -> AuditConfig:
    """What was asked for, with the budgets as they are now."""
    config, budgets = folder.manifest().config, folder.budgets()
    asked = tuple(one.model_copy(update={"budget": budgets.candidates.get(one.name)}) for one in config.candidates)
    return config.model_copy(update={"budget": budgets.run, "candidates": asked})


def _nothing_yet(words: str, waiting: bool) -> None:
    st.caption(words)
    if waiting:
        st.skeleton(180)
