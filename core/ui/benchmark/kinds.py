"""What it costs where candidates answer with less than all probabilities."""

from __future__ import annotations

import streamlit as st

from core.bench.report import NUMBERS, Report
from core.quantities import share
from core.ui.text import plain, unbroken


def kinds_section(report: Report) -> None:
    """A table of accuracies, a line for each kind of answers."""
    if not report.kind_rows:
        st.info("This report does not say what poorer answers cost.", icon=":material/info:")
        return
    datasets = list(dict.fromkeys(row.dataset for row in report.kind_rows))
    groups = list(dict.fromkeys(row.group for row in report.kind_rows))
    left, right = st.columns(2)
    dataset = left.selectbox(
        "Data set", datasets, format_func=lambda name: report.datasets[name].label, key="benchmark_kinds_dataset"
    )
    group = right.selectbox(
        "Students",
        groups,
        groups.index("all") if "all" in groups else 0,
        format_func=lambda name: report.groups[name].label,
        key="benchmark_kinds_group",
    )
    found = {(row.kind, row.probes): row for row in report.kind_rows if (row.dataset, row.group) == (dataset, group)}
    st.markdown(
        "How often the right teacher comes first, by what the candidates' servers answer with. An audit compares all "
        "candidates by as much as the poorest of them tells."
    )
    rows = []
    for kind, words in report.kinds.items():
        row = {"Answers": f"**{plain(words.label)}**  \n:small[:gray[{plain(words.explanation)}]]"}
        for probes in (*NUMBERS, None):
            accuracy = found[kind, probes].accuracy
            heading = "Mean" if probes is None else f"{probes} probe{'s' * (probes > 1)}"
            between = unbroken(f"{share(accuracy.low)} to {share(accuracy.high)}")
            row[heading] = f"**{share(accuracy.value)}**  \n:small[:gray[{between}]]"
        rows.append(row)
    st.table(rows, border="horizontal", hide_header=False, alt="Accuracy by kind of answers")
    one = next(iter(found.values()))
    st.caption(f"{one.students} students; beneath: 95 % intervals, by redrawing the students. Labels are ranked by "
               "agreement, each probe weighed by the student's own margin, and can so do better than the first class "
               "with its probability.")  # fmt: skip
