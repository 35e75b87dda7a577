"""Go on with a run that stopped, asking for the keys that nothing on disk remembers."""

from __future__ import annotations

import streamlit as st

from core.runs.control import missing_keys, resume_run
from core.runs.folder import RunFolder
from core.ui.frame import RUN, guarded
from core.ui.text import plain
from core.ui.words import RESUMABLE

HELP = "Go on from the last finished step. Answers that had arrived are kept and not asked again."


def resume_control(folder: RunFolder, *, key: str) -> None:
    """A Resume button for a failed, cancelled or interrupted run; it leads to the run's page.

    Args:
        folder: the run; nothing is drawn while it goes on or once it is done.
        key: tells the widgets of several runs apart.
    """
    if folder.status() not in RESUMABLE:
        return
    config = folder.manifest().config
    missing = missing_keys(config)
    if not missing:
        if st.button("Resume", icon=":material/resume:", key=f"{key}_resume", help=HELP):
            _resume(folder, {})
        return
    owners = {name: [c.name for c in config.candidates if c.key_env == name] for name in missing}
    with st.popover("Resume", icon=":material/resume:", help=HELP), st.form(f"{key}_keys", border=False):
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
                _resume(folder, {name: secret for name, secret in keys.items() if secret})
            else:
                st.warning("Every key is needed before the audit can go on.")


def _resume(folder: RunFolder, keys: dict[str, str]) -> None:
    with guarded():
        resume_run(folder, keys)
        st.switch_page(RUN, query_params={"run": folder.run})
