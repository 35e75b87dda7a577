"""Go on with a run that stopped, asking for the keys that nothing on disk remembers."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.runs.control import can_be_resumed, missing_keys, resume_run
from core.runs.folder import RunFolder
from core.ui.frame import RUN, guarded
from core.ui.text import plain

HELP = "Go on from the last finished step. Answers that had arrived are kept and not asked again."


def resume_control(
    folder: RunFolder,
    *,
    key: str,
    label: str = "Resume",
    help: str = HELP,
    before: Callable[[], None] = lambda: None,
) -> None:
    """A button that goes on with a run that stopped or is not complete; it leads to the run's page.

    Args:
        folder: the run; nothing is drawn while it goes on or once all is answered.
        key: tells the widgets of several runs apart.
        before: what to do first, once it is pressed.
    """
    if not can_be_resumed(folder):
        return
    config = folder.manifest().config

    def resume(keys: dict[str, str]) -> None:
        with guarded():
            before()
            resume_run(folder, keys)
            st.switch_page(RUN, query_params={"run": folder.run})

    missing = missing_keys(config)
    if not missing:
        if st.button(label, icon=":material/resume:", key=f"{key}_resume", help=help):
            resume({})
        return
    owners = {name: [c.name for c in config.candidates if c.key_env == name] for name in missing}
    with st.popover(label, icon=":material/resume:", help=help), st.form(f"{key}_keys", border=False):
        st.markdown("This run needs keys that are never stored. Enter them once more.")
        keys = {
            name: st.text_input(
                f"Key for {plain(', '.join(owners[name]))}",
                type="password",
                key=f"{key}_{name}",
                help=f"Handed to the worker as {name}, kept in memory only.",
            )
            for name in missing
        }
        if st.form_submit_button("Resume the audit", type="primary", icon=":material/resume:"):
            if all(keys.values()):
                resume({name: secret for name, secret in keys.items() if secret})
            else:
                st.warning("Every key is needed before the audit can go on.")
