"""The head of a run's page: what it is, how it stands, and what can be done about it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import AuditError
from core.quantities import moment
from core.runs.folder import RunFolder
from core.runs.records import ShownStatus
from core.ui.frame import RESULTS, show_error
from core.ui.runs.completion import completion, raise_budget
from core.ui.runs.delete import delete_control
from core.ui.runs.listing import ACTIVE
from core.ui.runs.resume import resume_control
from core.ui.text import plain, shortened
from core.ui.words import EFFORT_LABELS, status_words


def run_header(folder: RunFolder) -> None:
    """Title, state, link, and the controls that the state allows."""
    status = folder.status()
    with title_row(folder, status):
        if status in ACTIVE:
            _cancel(folder)
    if status == "done":
        _results(folder)
        if (results := folder.results()) is not None:
            completion(folder, results)
    elif status not in ACTIVE:
        _stopped(folder, status)


def title_row(folder: RunFolder, status: ShownStatus) -> DeltaGenerator:
    """The run's name and state, what was asked for, and its link; more controls fit into what is returned."""
    manifest, words = folder.manifest(), status_words(status, folder.results())
    config = manifest.config
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(plain(config.name), anchor=False, width="content")
        controls = st.container(horizontal=True, vertical_alignment="center", width="content")
        with controls:
            st.badge(words.label, icon=words.icon, color=words.colour, help=words.help)
            _link(folder.run)
    student = config.student.checkpoint.name.removesuffix(".safetensors")
    count = len(config.candidates)
    candidates = "the demo's candidates" if config.serve else f"{count} candidate{'s' * (count != 1)}"
    st.caption(
        f"Student {plain(shortened(student))} · {candidates} · {EFFORT_LABELS[config.effort].lower()} effort, "
        f"{config.num_probes} probes · {moment(manifest.created)}"
    )
    return controls


def _link(run: str) -> None:
    with st.popover("Link", icon=":material/link:", type="tertiary", help="An address that leads back to this page."):
        st.markdown("This address leads back here, also after a reload or a restart of the app on this computer.")
        st.code(f"{(st.context.url or '').split('?')[0]}?run={run}", language=None, wrap_lines=True)


def _cancel(folder: RunFolder) -> None:
    if folder.cancel_requested():
        st.button(
            "Stopping",
            key="cancel_run",
            icon=":material/hourglass_bottom:",
            disabled=True,
            help="The worker ends its step.",
        )
        return
    with st.popover("Cancel", icon=":material/stop_circle:", help="Stops this audit. It can be resumed later."):
        st.markdown("Stop this audit? What has arrived is kept: a resumed run asks no answered query again.")
        if st.button(
            "Stop the audit",
            key="cancel_run",
            type="primary",
            icon=":material/stop:",
            help="The worker stops within seconds.",
        ):
            folder.request_cancel()
            st.rerun()


def _results(folder: RunFolder) -> None:
    results = folder.results()
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        sentence = plain(results.verdict.sentence) if results else "The audit is complete."
        st.markdown(f":green[:material/check_circle:] {sentence}", width="stretch")
        if st.button(
            "Open the results",
            key="open_results",
            type="primary",
            icon=":material/leaderboard:",
            help="The verdict with everything it rests on.",
        ):
            st.switch_page(RESULTS, query_params={"run": folder.run})


def _stopped(folder: RunFolder, status: ShownStatus) -> None:
    error = folder.state().error
    if status == "failed" and error:
        show_error(AuditError(error.what, rule=error.rule, actual=error.actual, remedy=error.remedy))
    elif status == "interrupted":
        st.warning(
            "**The worker of this run is gone**, and nobody works on it any more: it was killed, or the computer was "
            "restarted.\n\nNothing that had arrived is lost. Resume goes on from the last finished phase.",
            icon=":material/power_off:",
        )
    else:
        st.info("**You stopped this run.** Resume goes on from the last finished phase.", icon=":material/cancel:")
    if status == "failed" and error and error.over_budget:
        config = folder.manifest().config
        raise_budget(folder, config.num_probes * len(config.probe_sets))
    with st.container(horizontal=True, vertical_alignment="center"):
        resume_control(folder, key="run_page")
        delete_control(folder, folder.manifest().config.name)
