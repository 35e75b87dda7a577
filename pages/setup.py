"""Setup: an audit of one's own, in four steps."""

from __future__ import annotations

import streamlit as st

from core.ui.candidates.form import CandidateChoice, candidate_form
from core.ui.frame import frame, guarded
from core.ui.setup.effort_form import effort_form
from core.ui.setup.start import prediction, start_control
from core.ui.setup.student_form import StudentChoice, student_form

frame("New audit")

st.title("New audit")
st.markdown("No candidate is asked anything before you start, unless you test its connection.")

student, candidates = StudentChoice(problem="choose the student's checkpoint"), CandidateChoice()
with st.container(border=True), guarded():
    st.subheader("1 · Student", anchor=False)
    st.markdown("The model under suspicion, whose weights you have.")
    student = student_form()
with st.container(border=True), guarded():
    st.subheader("2 · Candidates", anchor=False)
    st.markdown(
        "The models it may have been distilled from. Each has to be reachable: behind an address, or as a file."
    )
    candidates = candidate_form(student)
with guarded():
    with st.container(border=True):
        st.subheader("3 · Effort", anchor=False)
        effort = effort_form()
        prediction(student, candidates, effort)
    with st.container(border=True):
        st.subheader("4 · Start", anchor=False)
        start_control(student, candidates, effort)
