"""Home: what this is, the demo audit, the way to one's own, and recent runs."""

from __future__ import annotations

import streamlit as st

from core.ui.demo_card import demo_card
from core.ui.frame import GUIDE, HISTORY, SETUP, frame, guarded
from core.ui.recent import recent_runs

frame("Home")

st.title("Was this model distilled from that one?")
st.markdown(
    "A model may have been trained to copy another one. Load the checkpoint of the **student** under suspicion and "
    "name the **candidates**, models that you can only reach over an API. The audit draws test images out of the "
    "student, puts them to every candidate, and ranks the candidates by how much of their behaviour the student shares."
)

demo, own = st.columns([3, 2], gap="medium")
with demo, guarded():
    demo_card()
with own, st.container(border=True, height="stretch"):
    st.subheader(":material/add_circle: Audit your own student", anchor=False)
    st.markdown(
        "- a checkpoint: safetensors, or a PyTorch state dict\n"
        "- its architecture, from the zoo or from torchvision\n"
        "- the address of each candidate, speaking the Open Inference Protocol\n\n"
        "No training data is needed, and no candidate is asked anything before you press start."
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
