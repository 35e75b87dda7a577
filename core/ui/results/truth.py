"""The answer to a demo, kept back until someone asks for it."""

from __future__ import annotations

import streamlit as st

from core.ui.text import plain
from core.zoo.cards import demo_students


def truth_control(student: str, *, key: str = "truth") -> None:
    """A switch that tells whom a demo student was distilled from; nothing for any other student.

    Args:
        student: the demo student's id, or the SHA-256 of its checkpoint.
        key: of the switch; one page may hold several.
    """
    card = next((card for card in demo_students() if student in (card.id, card.sha256)), None)
    if card is None:
        return
    asked = st.toggle(
        "Show the truth",
        key=f"{key}_{card.id}",
        help="We trained this student, so we know. The audit never reads this: look after you have made up your mind.",
    )
    if not asked:
        return
    if card.true_teacher is None:
        st.info(
            f"**{plain(card.id)}** was distilled from nobody. It learned from labels alone, and yet some candidate "
            "will come first: a ranking has a first place whether or not there is a teacher.",
            icon=":material/visibility:",
        )
    else:
        st.info(
            f"**{plain(card.id)}** was distilled from **{plain(card.true_teacher)}** ({plain(card.loss)}).",
            icon=":material/visibility:",
        )
