"""Remove a run from the disk, a second press away."""

from __future__ import annotations

import streamlit as st

from core.runs.folder import RunFolder
from core.ui.frame import HISTORY, guarded
from core.ui.runs.listing import ACTIVE
from core.ui.text import plain


def delete_control(folder: RunFolder, name: str) -> None:
    """A Delete button that asks again, then leads to the history; nothing while the run goes on."""
    if folder.status() in ACTIVE:
        return
    with st.popover("Delete", icon=":material/delete:", help="Removes this run from the disk."):
        st.markdown(
            f"Delete **{plain(name)}** with its probes and results? "
            "Answers that were paid for stay in the cache, so that another audit need not ask again."
        )
        if st.button(
            "Delete for good",
            key=f"delete_{folder.run}",
            icon=":material/delete_forever:",
            type="primary",
            help="This cannot be undone.",
        ):
            with guarded():
                folder.delete()
                st.switch_page(HISTORY)
