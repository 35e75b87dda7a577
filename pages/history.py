"""History: every run, to open, resume or delete."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import frame, guarded
from core.ui.runs.history import history_list

frame("History")

st.title("History")
st.markdown("Every audit that was started on this machine, from here or from the command line.")
with guarded():
    history_list()
