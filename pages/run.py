"""Run: one audit as it goes on, or as it ended."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import HISTORY, HOME, frame, guarded, run_from_query
from core.ui.live import live_view
from core.ui.run_header import run_header

frame("Run", run=st.query_params.get("run"))

folder = run_from_query()
if folder is None:
    st.title("Run")
    st.info("No audit is open. Start one on the home page, or choose one from the history.", icon=":material/info:")
    with st.container(horizontal=True):
        st.page_link(HOME, label="Home", icon=":material/home:")
        st.page_link(HISTORY, label="History", icon=":material/history:")
else:
    with guarded():
        run_header(folder)
        live_view(folder)
