"""Benchmark: how often audits name the right teacher, measured on students whose teacher is known."""

from __future__ import annotations

import streamlit as st

from core.ui.benchmark.costs import costs_section
from core.ui.benchmark.differences import ablations_section, default_section
from core.ui.benchmark.filters import choose_source
from core.ui.benchmark.kinds import kinds_section
from core.ui.benchmark.report import load
from core.ui.benchmark.sections import accuracy_section, mistakes_section
from core.ui.benchmark.summary import no_report, summary
from core.ui.frame import frame, guarded

SECTIONS = {
    "Accuracy": accuracy_section,
    "Against others": default_section,
    "Kinds of answers": kinds_section,
    "Mistakes": mistakes_section,
    "Time and queries": costs_section,
    "Ablations": ablations_section,
}

frame("Benchmark")

st.title("Benchmark")
st.markdown("How often an audit names the right teacher, measured where the right one is known.")
with guarded():
    path = choose_source()
    if path is None:
        no_report()
        st.stop()
    report = load(path)
    summary(report)
    for tab, section in zip(
        st.tabs(list(SECTIONS), key="benchmark_tabs", on_change="rerun"), SECTIONS.values(), strict=True
    ):
        if tab.open:
            with tab:
                section(report)
