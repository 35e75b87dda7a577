"""Find out what an address serves, and put it into the list of candidates."""

from __future__ import annotations

import streamlit as st

from core.discovery.discover import Finding, discover
from core.ui.candidates.rows import put_row, rows
from core.ui.dialogs import done, draw_dialog, open_dialog
from core.ui.frame import guarded
from core.ui.text import plain
from core.words import PROTOCOLS

NAME, FOUND = "setup_discovery", "setup_found"


def open_discovery() -> None:
    """Show the dialog, empty."""
    st.session_state.pop(FOUND, None)
    open_dialog(NAME)


def discover_dialog() -> None:
    """Draw it where it is open."""
    draw_dialog(NAME, "Discover candidates", _look)


def _look(about: None, key: str) -> None:
    st.markdown("Asks a server what it is and which models it has. No image is sent.")
    with st.form(f"{key}_form", border=False):
        url = st.text_input("Address", placeholder="https://models.example.org", help="Of a server, or of one model.")
        left, right = st.columns(2)
        model = left.text_input(
            "Model",
            placeholder="if the server does not list its models",
            help="Its name, for servers that do not list theirs, like TensorFlow Serving.",
        )
        key_env = right.text_input(
            "Key variable", placeholder="none", help="The environment variable that holds the API key, if any."
        )
        if st.form_submit_button("Look", type="primary", icon=":material/travel_explore:"):
            st.session_state.pop(FOUND, None)
            with guarded(), st.spinner("Asking …"):
                st.session_state[FOUND] = discover(url, key_env=key_env.strip() or None, model=model.strip() or None)
    if found := st.session_state.get(FOUND):
        _choose(found, key)


def _choose(found: tuple[Finding, ...], key: str) -> None:
    """Which of them to add; those with a name that the list has already are left out at first."""
    taken = {row.get("name") for row in rows()}
    chosen = []
    for place, finding in enumerate(found):
        candidate = finding.candidate
        shape = f" · {' × '.join(map(str, finding.input_shape))}" if finding.input_shape else ""
        label = f"**{plain(candidate.name)}** · {PROTOCOLS[candidate.protocol].label}{shape}"
        first_protocol = candidate.protocol == found[0].candidate.protocol
        if st.checkbox(label, first_protocol and candidate.name not in taken, key=f"{key}_{place}"):
            chosen.append(candidate)
        if place + 1 == len(found) or found[place + 1].note != finding.note:  # once for all that it holds for
            st.caption(plain(finding.note))
    words = "Add it to the list" if len(chosen) == 1 else f"Add {len(chosen)} to the list"
    if st.button(words, type="primary", icon=":material/add:", disabled=not chosen, key=f"{key}_add"):
        with guarded():
            for candidate in chosen:
                put_row(candidate)
            done()
