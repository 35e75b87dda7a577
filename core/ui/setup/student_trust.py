"""A student that comes with code: the warning, and the switch without which none of it runs."""

from __future__ import annotations

import streamlit as st


def trust_control(what: str, *, key: str) -> bool:
    """Whether the code may run; off until somebody switches it on.

    Args:
        what: names the code and what it is, one clause, as Markdown.
        key: tells one file's switch from another's.
    """
    st.warning(
        f"{what}. To audit this student the code has to run, and it can then read, change and send whatever you can "
        "on this machine. If you do not know who made it, ask for the weights instead.",
        icon=":material/gpp_maybe:",
    )
    return st.toggle(
        "I trust this file",
        value=False,
        key=key,
        persist_state="session",
        help="Off: nothing of it runs. On: it runs when the student is checked, and in the audit.",
    )
