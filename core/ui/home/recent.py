"""The latest runs, kept fresh while one of them goes on."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import REFRESH
from core.ui.runs.items import run_item
from core.ui.runs.listing import active_runs, run_rows

SHOWN = 5


def recent_runs() -> None:
    """The last five runs, or what will stand here once there are any."""
    st.fragment(_list, run_every=REFRESH if active_runs() else None)()


def _list() -> None:
    rows = run_rows()[:SHOWN]
    for row in rows:
        run_item(row)
    if not rows:
        with st.container(border=True, horizontal_alignment="center"):
            st.markdown(":material/science: **No audits yet.** The demo above is a good first one.", width="content")
