"""Home: what this is, the demo audit, the way to one's own, and recent runs."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import GUIDE, HISTORY, SETUP, frame, guarded
from core.ui.home.demo_card import demo_card
from core.ui.home.recent import recent_runs

frame("Home")

st.title("Was this model distilled from that one?")
st.markdown(
    "A model may have been trained to copy another one. Load the checkpoint of the **student** under suspicion and "
    "name the **candidates**, models that you can only reach over an API. The audit draws test images out of the "
    "student, puts them to every candidate, and ranks the candidates by how much of their behaviour the student shares."
)

with st.grid(2, min_column_width=400, gap="medium"):
    with guarded():
        demo_card()
    with st.container(border=True, height="stretch"):
        st.subheader(":material/add_circle: Audit your own student", anchor=False)
        st.markdown(
            "You need its checkpoint (safetensors, or a PyTorch state dict), and the address of each candidate: over "
            "any of the usual protocols, with logits, probabilities or labels. The usual architectures are recognised."
            "\n\nNo training data is needed, and no candidate is asked anything before you agree to it."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Set up an audit", icon=":material/tune:", help="Choose a student, candidates and an effort."):
                st.switch_page(SETUP)
            st.page_link(GUIDE, label="How it works", icon=":material/menu_book:")

with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
    st.subheader("Recent audits", anchor=False)
    st.page_link(HISTORY, label="All audits", icon=":material/history:")
with guarded():
    recent_runs()
