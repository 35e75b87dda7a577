"""The demo audit: choose a student, press, watch."""

from __future__ import annotations

import streamlit as st

from core.config import EFFORTS
from core.errors import InputError
from core.runs.control import start_run
from core.ui.estimate import in_words, predicted_seconds
from core.ui.frame import RUN, guarded
from core.ui.results.truth import truth_control
from core.ui.words import EFFORT_HELP, EFFORT_LABELS
from core.zoo.cards import demo_candidates, demo_students
from core.zoo.demo import demo_config


def demo_card() -> None:
    """The card that starts the demo and goes to its run; raises `InputError` where the demo's models are missing."""
    students = {card.id: card.architecture.partition(":")[2] for card in demo_students()}
    candidates = len(demo_candidates())
    if not students or not candidates:
        raise InputError("the demo's models are missing", remedy="fetch the project's folder assets/demo again")
    with st.container(border=True, height="stretch"):
        st.subheader(":material/science: Run the demo audit", anchor=False)
        st.markdown(
            f"{len(students)} small students wait here, trained on pictures of clothes. Some were distilled from one "
            f"of {candidates} candidates, some from nobody. Pick one and see whom the audit names."
        )
        choices = st.container(horizontal=True)  # one below the other where there is little room
        student = choices.selectbox(
            "Student",
            list(students),
            format_func=lambda name: f"{name} · {students[name]}",
            key="demo_student",
            width=180,
            help="Their names tell nothing. What follows the dot is the student's own architecture.",
        )
        effort = choices.segmented_control(
            "Effort",
            list(EFFORTS),
            default="standard",
            required=True,
            format_func=EFFORT_LABELS.__getitem__,
            key="demo_effort",
            help=EFFORT_HELP,
        )
        config = demo_config(student, effort=effort)
        st.caption(
            f":material/schedule: {in_words(predicted_seconds(config, candidates=candidates))} · "
            f":material/forum: {config.num_queries(candidates):,} queries to {candidates} models on this machine"
        )
        if st.button(
            "Run the demo audit",
            type="primary",
            icon=":material/play_arrow:",
            help="Starts the candidates' servers on this machine, then the audit. Nothing leaves it.",
        ):
            with guarded():
                folder = start_run(config)
                st.switch_page(RUN, query_params={"run": folder.run})
        truth_control(student, key="home_truth")
