"""Above the list of candidates: add one, find out what an address serves, read them from a file, save them to one."""

from __future__ import annotations

import streamlit as st

from core.candidates import CandidateConfig
from core.config import candidates_from_toml, candidates_to_toml
from core.ui.candidates.dialog import open_candidate
from core.ui.candidates.discover_dialog import open_discovery
from core.ui.candidates.rows import set_rows
from core.ui.frame import guarded


def candidate_toolbar(candidates: tuple[CandidateConfig, ...]) -> None:
    """Four buttons in a row; `candidates` are the complete rows, to be saved."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Discover",
            icon=":material/travel_explore:",
            help="Finds out which models an address serves, and how they are asked.",
        ):
            open_discovery()
        if st.button("Add", icon=":material/add:", help="Describe one candidate in a form."):
            open_candidate()
        _import()
        st.download_button(
            "Export",
            data=candidates_to_toml(candidates),
            file_name="candidates.toml",
            mime="application/toml",
            icon=":material/download:",
            disabled=not candidates,
            on_click="ignore",
            help="Saves the candidates as TOML. Keys are not part of it.",
        )


def _import() -> None:
    with st.popover("Import", icon=":material/upload:", help="Reads [[candidates]] from a TOML file."):
        file = st.file_uploader("Candidates as TOML", type="toml", key="setup_candidates", help="As exported here.")
        if st.button("Replace the list", disabled=file is None, help="Takes the candidates of this file.") and file:
            with guarded():
                set_rows(candidates_from_toml(file.getvalue().decode("utf-8", errors="replace")))
                st.rerun()
