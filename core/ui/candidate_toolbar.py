"""Above the candidates' table: add one, read them from a file, save them to one."""

from __future__ import annotations

import streamlit as st

from core.candidates import CandidateConfig
from core.config import candidates_from_toml, candidates_to_toml, validated
from core.errors import InputError
from core.ui.candidate_rows import add_row, set_rows
from core.ui.frame import guarded


def candidate_toolbar(candidates: tuple[CandidateConfig, ...]) -> None:
    """Three buttons in a row; `candidates` are the complete rows, to be saved."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _add(candidates)
        _import()
        st.download_button(
            "Export",
            data=candidates_to_toml(candidates),
            file_name="candidates.toml",
            mime="application/toml",
            icon=":material/download:",
            disabled=not candidates,
            on_click="ignore",
            help="Saves the complete rows as TOML. Keys are not part of it.",
        )


def _add(candidates: tuple[CandidateConfig, ...]) -> None:
    with st.popover("Add", icon=":material/add:", help="Adds one candidate; the table has more to set."):
        with st.form("setup_add", clear_on_submit=True, border=False):
            name = st.text_input("Name", help="What to call it on pages and in reports.")
            url = st.text_input("Address", placeholder="https://models.example.org", help="Of the server.")
            model = st.text_input("Model", help="The model's name on that server.")
            key_env = st.text_input(
                "Key variable",
                placeholder="none",
                help="The environment variable that holds the API key. Without one, a key can be typed in below.",
            )
            added = st.form_submit_button("Add it", type="primary", help="Adds a row to the table.")
        if added:
            with guarded():
                fields = {"name": name, "url": url, "model": model, "key_env": key_env or None}
                candidate = validated(CandidateConfig, fields)
                if candidate.name in {known.name for known in candidates}:
                    raise InputError(f"there is a candidate {candidate.name} already", remedy="give it another name")
                add_row(candidate)
                st.rerun()


def _import() -> None:
    with st.popover("Import", icon=":material/upload:", help="Reads [[candidates]] from a TOML file."):
        file = st.file_uploader("Candidates as TOML", type="toml", key="setup_candidates", help="As exported here.")
        if st.button("Replace the table", disabled=file is None, help="Takes the candidates of this file.") and file:
            with guarded():
                set_rows(candidates_from_toml(file.getvalue().decode("utf-8", errors="replace")))
                st.rerun()
