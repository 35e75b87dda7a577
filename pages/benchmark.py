"""Benchmark: how often audits name the right teacher, measured on students whose teacher is known."""

from __future__ import annotations

import streamlit as st

from core.ui.benchmark_filters import choose_source
from core.ui.benchmark_report import load
from core.ui.benchmark_sections import accuracy_section, costs_section, mistakes_section
from core.ui.benchmark_summary import no_report, summary
from core.ui.frame import frame, guarded

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
    accuracy, mistakes, costs = st.tabs(
        ["Accuracy", "Mistakes", "Time and queries"], key="benchmark_tabs", on_change="rerun"
    )
    if accuracy.open:
        with accuracy:
            accuracy_section(report)
    if mistakes.open:
        with mistakes:
            mistakes_section(report)
    if costs.open:
        with costs:
            costs_section(report)
