"""Results: what one audit found, and what it rests on."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import RUN, frame, guarded, opened_run
from core.ui.results.downloads import downloads
from core.ui.results.evidence import check_panel, details, limits
from core.ui.results.findings import baselines_section, ranking_section, score_table, verdict_box
from core.ui.results.probe_browser import probe_browser
from core.ui.results.truth import truth_control
from core.ui.runs.completion import completion
from core.ui.runs.header import title_row

frame("Results", run=st.query_params.get("run"))

folder = opened_run("Results")
with guarded():
    title_row(folder, folder.status())
    results = folder.results()
    if results is None:
        st.info("There are no results yet. Its own page shows how far the audit is.", icon=":material/info:")
        st.page_link(RUN, label="Go to this audit", icon=":material/monitoring:", query_params={"run": folder.run})
        st.stop()
    verdict_box(results)
    completion(folder, results)
    downloads(folder, results)
    truth_control(results.student.sha256)
    ranking, baselines, probes, rest = st.tabs(
        ["Ranking", "Baselines", "Probes", "Details"], key="results_tabs", on_change="rerun"
    )
    if ranking.open:
        with ranking:
            ranking_section(results)
            st.subheader("Every score", anchor=False)
            score_table(results)
            limits()
    if baselines.open:
        with baselines:
            baselines_section(results)
    if probes.open:
        with probes:
            check_panel(results)
            probe_browser(folder, results)
    if rest.open:
        with rest:
            details(results)
