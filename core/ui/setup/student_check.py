"""Load the student for a trial, in a process of its own, and show what was recognised."""

from __future__ import annotations

import streamlit as st

from core.config import StudentConfig
from core.reports.summary import WEAKER
from core.students.inspection import Inspection, inspect_checkpoint
from core.ui.facts import facts
from core.ui.frame import show_error
from core.ui.text import plain
from core.verdict.reach import caution

INSPECTIONS = "setup_inspections"  # by the configuration as JSON


def found(config: StudentConfig) -> Inspection | None:
    """What the last check of exactly this configuration found; None before there was one."""
    return st.session_state.get(INSPECTIONS, {}).get(config.model_dump_json())


def check(config: StudentConfig) -> Inspection:
    """Check `config` now, unless that was done before."""
    known = found(config)
    if known is None:
        with st.spinner("Loading the student in a process of its own …"):
            known = inspect_checkpoint(config)
        st.session_state.setdefault(INSPECTIONS, {})[config.model_dump_json()] = known
    return known


def check_control(config: StudentConfig) -> None:
    """A button to check with, and below it what came of the last check."""
    if st.button(
        "Check the student",
        icon=":material/fact_check:",
        disabled=found(config) is not None,
        help="Loads the weights into the architecture and runs one image through it. Nobody is asked anything.",
    ):
        check(config)
        st.rerun()
    inspection = found(config)
    if inspection is None:
        return
    if inspection.error is not None:
        show_error(inspection.error)
    if (summary := inspection.summary) is None:
        return
    st.success("The student loads and answers.", icon=":material/check_circle:")
    shape = summary.input
    facts(
        {
            "Architecture": plain(summary.architecture),
            "Input": f"{shape.channels} × {shape.height} × {shape.width}",
            "Classes": f"{summary.num_classes:,}",
            "Parameters": f"{summary.parameters:,}",
            "BatchNorm layers": summary.batchnorm,
            "SHA-256": f"{summary.sha256[:12]}…",
        }
    )
    if weaker := caution(summary):
        st.warning(f"**{WEAKER}.** {plain(weaker)}", icon=":material/trending_down:")
