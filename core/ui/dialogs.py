"""Which dialog is open over a page, if any: it is kept, so that it stays open whatever else the page does."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import streamlit as st

OPEN, SESSION = "dialog_open", "dialog_session"  # its name with what it is about; tells its widgets from earlier ones'


def open_dialog(name: str, about: object = None) -> None:
    """Show the dialog `name` from now on."""
    st.session_state[OPEN] = name, about
    st.session_state[SESSION] = uuid4().hex[:8]


def close_dialog() -> None:
    st.session_state.pop(OPEN, None)


def draw_dialog(name: str, title: str, draw: Callable[[object, str], None]) -> None:
    """Draw it, if it is the one that is open.

    Args:
        draw: told what it is about, and a prefix for the keys of its widgets.
    """
    opened, about = st.session_state.get(OPEN, (None, None))
    if opened == name:
        key = f"{name}_{st.session_state[SESSION]}"
        st.dialog(title, width="large", on_dismiss=close_dialog)(draw)(about, key)


def done() -> None:
    """Close it, and draw the page anew."""
    close_dialog()
    st.rerun()
