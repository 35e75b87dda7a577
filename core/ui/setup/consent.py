"""Before an audit sends anything: what goes where, how much of it and for how much, and one question."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from core.candidates import CandidateConfig
from core.config import AuditConfig
from core.costs import cost_of, planned_images
from core.quantities import money
from core.ui.dialogs import close_dialog, draw_dialog, open_dialog
from core.ui.estimate import images_at_most
from core.ui.frame import guarded

NAME = "setup_consent"


def open_consent() -> None:
    """Ask, before an audit is started."""
    open_dialog(NAME)


def consent_dialog(config: AuditConfig, start: Callable[[], None]) -> None:
    """Draw it where it is open: what `config` will send, and a button that calls `start`."""
    draw_dialog(NAME, "Before anything is sent", lambda about, key: _question(config, start))


def _question(config: AuditConfig, start: Callable[[], None]) -> None:
    planned = planned_images(config)
    wanted = config.num_queries(len(planned)) if planned else 0
    most = images_at_most(config, len(planned))
    st.markdown(
        f"The audit will send **{most:,} images** at most, made from the student or drawn at random, to {len(planned)} "
        f"candidate{'s' if len(planned) != 1 else ''}. Nothing else leaves this machine. Answers that are known from "
        "earlier audits are not asked for again; a request that fails may be repeated, which counts once more."
    )
    rows = pd.DataFrame([_row(candidate, planned.get(candidate.name)) for candidate in config.candidates])
    st.dataframe(rows.dropna(axis="columns", how="all"), hide_index=True, placeholder="–", alt="What is sent to whom",
                 column_config={"Cost, at most": st.column_config.TextColumn(alignment="right")})  # fmt: skip
    if (price := cost_of(config)) is not None:
        st.markdown(f"At the prices given, that costs **{money(price)}** at most.")
    if most < wanted:
        st.info(
            f"All probes would take {wanted:,}. The audit stops where its budget does, with what has been "
            "answered, and can be continued with a higher one.",
            icon=":material/savings:",
        )
    if st.button("Send them and start", type="primary", icon=":material/send:", help="Asks the candidates, once made."):
        close_dialog()
        with guarded():
            start()


def _row(candidate: CandidateConfig, images: int | None) -> dict[str, object]:
    """`images`: that are sent to it; None where it is on this machine."""
    return {
        "Candidate": candidate.name,
        "Host": "this machine" if images is None else urlsplit(candidate.url).netloc,
        "Images, at most": images or 0,
        "Cost, at most": None if candidate.price is None or images is None else money(images * candidate.price),
    }
