"""The candidates, a row each, to be changed or removed."""

from __future__ import annotations

import streamlit as st

from core.candidates import CandidateConfig
from core.ui.candidates.dialog import open_candidate
from core.ui.candidates.rows import Row, remove_row, rows
from core.ui.text import plain, shortened
from core.words import PROTOCOLS


def candidate_list() -> None:
    """Every row with its two buttons; nothing where there is none."""
    for place, row in enumerate(rows()):
        with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"setup_candidate_{place}"):
            st.markdown(_described(row), width="stretch")
            name = str(row.get("name") or "this one")
            if st.button("Edit", key=f"setup_edit_{place}", icon=":material/edit:", help=f"Change {plain(name)}."):
                open_candidate(place)
            if st.button("Remove", key=f"setup_remove_{place}", icon=":material/close:", help="Take it off the list."):
                remove_row(place)
                st.rerun()


def _described(row: Row) -> str:
    """Name, then how and where it is asked."""
    protocol = row.get("protocol") or CandidateConfig.model_fields["protocol"].default
    parts = [PROTOCOLS[protocol].label if protocol in PROTOCOLS else str(protocol)]
    parts += [str(row[name]) for name in ("url", "checkpoint", "model", "version") if row.get(name)]
    where = " · ".join(plain(shortened(part, 48)) for part in parts)
    return f"**{plain(str(row.get('name') or 'no name'))}**  \n:small[:gray[{where}]]"
