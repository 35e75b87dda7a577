"""Before an audit sends anything: what goes where, how much of it and for how much, and one question."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from core.candidates import CandidateConfig
from core.config import AuditConfig
from core.costs import cost_of
from core.quantities import money
from core.ui.dialogs import close_dialog, draw_dialog, open_dialog
from core.ui.frame import guarded

NAME = "setup_consent"


def open_consent() -> None:
    """Ask, before an audit is started."""
    open_dialog(NAME)


def consent_dialog(config: AuditConfig, start: Callable[[], None]) -> None:
    """Draw it where it is open: what `config` will send, and a button that calls `start`."""
    draw_dialog(NAME, "Before anything is sent", lambda about, key: _question(config, start))


def _question(config: AuditConfig, start: Callable[[], None]) -> None:
    each = config.num_queries(1)
    remote = [one for one in config.candidates if one.protocol != "local"]
    images = sum(min(each, one.budget or each) for one in remote)
    most = min(images, config.budget or images)
    st.markdown(
        f"The audit will send **{most:,} images** at most, made from the student, to {len(remote)} "
        f"candidate{'s' if len(remote) != 1 else ''}. Nothing else leaves this machine. Answers that are known from "
        "earlier audits are not asked for again."
    )
    rows = pd.DataFrame([_row(candidate, each) for candidate in config.candidates])
    st.dataframe(rows.dropna(axis="columns", how="all"), hide_index=True, placeholder="–", alt="What is sent to whom")
    if (price := cost_of(config)) is not None:
        st.markdown(f"At the prices given, that costs **{money(price)}** at most.")
    if most < each * len(remote):
        st.info(
            f"All probes would take {each * len(remote):,}. The audit stops where its budget does, with what has been "
            "answered, and can be continued with a higher one.",
            icon=":material/savings:",
        )
    if st.button("Send them and start", type="primary", icon=":material/send:", help="Asks the candidates, once made."):
        close_dialog()
        with guarded():
            start()


def _row(candidate: CandidateConfig, images: int) -> dict[str, object]:
    local = candidate.protocol == "local"
    most = 0 if local else min(images, candidate.budget or images)
    return {
        "Candidate": candidate.name,
        "Host": "this machine" if local else urlsplit(candidate.url).netloc,
        "Images, at most": most,
        "Cost, at most": None if candidate.price is None or local else money(most * candidate.price),
    }
