"""Run: one audit as it goes on, or as it ended."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import frame, guarded, opened_run
from core.ui.runs.header import run_header
from core.ui.runs.live import live_view

frame("Run", run=st.query_params.get("run"))

folder = opened_run("Run")
with guarded():
    run_header(folder)
    live_view(folder)
