"""Guide: how the audit works, in pictures and in words, and what it cannot show."""

from __future__ import annotations

import streamlit as st

from core.ui.frame import HOME, frame
from core.ui.guide.sections import faq, glossary, limits, no_proof, stages

frame("Guide")

st.title("Guide")
st.markdown("How a student's teacher is looked for, what the result means, and what it does not mean.")
st.page_link(HOME, label="Run the demo audit", icon=":material/science:")

st.header("How it works", divider="gray")
stages()
st.header("Why a ranking is no proof", divider="gray")
no_proof()
st.header("What makes an audit weaker or stronger", divider="gray")
limits()
st.header("Questions", divider="gray")
faq()
st.header("Glossary", divider="gray")
glossary()
