"""Ask every candidate a few test images, all at once, and show what came back."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import streamlit as st

from core.candidates import CandidateConfig
from core.errors import AuditError
from core.teachers.connection import OUTPUTS, ConnectionReport, check_connection
from core.teachers.keys import key_of
from core.teachers.told import shown
from core.ui.setup.student_form import StudentChoice
from core.ui.text import plain, without_name

REPORTS = "setup_reports"  # a configuration and its report, by candidate
AT_ONCE = 8


def connection_test(candidates: tuple[CandidateConfig, ...], keys: Mapping[str, str], student: StudentChoice) -> None:
    """A button to test with, and what came of the last test of each candidate that has not changed since."""
    ready = student.input is not None
    if st.button(
        "Test connections",
        icon=":material/network_check:",
        disabled=not ready,
        help="Sends a few images of the student's shape to each candidate. These queries count, if yours are counted."
        if ready
        else "Choose a student first: the test needs to know what images to send.",
    ):
        with st.spinner(f"Asking {len(candidates)} candidate{'s' * (len(candidates) != 1)} …"):
            _test(candidates, keys, student)
    reports = st.session_state.get(REPORTS, {})
    current = [(c, reports[c.name][1]) for c in candidates if c.name in reports and reports[c.name][0] == c]
    if current:
        _show(current, student)


def measured_latency(candidates: tuple[CandidateConfig, ...]) -> float | None:
    """The slowest call that was measured, in seconds; None before any."""
    reports = st.session_state.get(REPORTS, {})
    known = [reports[c.name][1].latency for c in candidates if c.name in reports and reports[c.name][0] == c]
    return max((latency for latency in known if latency), default=None)


def forget_reports() -> None:
    """Drop what the tests found, since a key has changed."""
    st.session_state.pop(REPORTS, None)


def _test(candidates: tuple[CandidateConfig, ...], keys: Mapping[str, str], student: StudentChoice) -> None:
    spec, config = student.input, student.config
    if spec is None or config is None:
        return
    shape = (spec.channels, spec.height, spec.width)
    names = student.summary.class_names if student.summary else config.class_names
    if names is None and config.num_classes is not None:
        names = tuple(f"class {index}" for index in range(config.num_classes))

    def test(candidate: CandidateConfig) -> ConnectionReport:
        try:
            key = keys.get(candidate.name) or key_of(candidate)
        except AuditError as error:
            return ConnectionReport(ok=False, message=str(error))
        return check_connection(candidate, key=key, probe_shape=shape, class_names=names)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = list(pool.map(test, candidates))
    st.session_state[REPORTS] = {c.name: (c, report) for c, report in zip(candidates, reports, strict=True)}


def _show(tested: list[tuple[CandidateConfig, ConnectionReport]], student: StudentChoice) -> None:
    said = student.summary or student.config
    names = (said.class_names if said else None) or ()
    st.dataframe(
        pd.DataFrame([_row(candidate, report, names) for candidate, report in tested]),
        hide_index=True,
        placeholder="–",
        alt="Answers to the test images",
        column_config={
            "Sum": st.column_config.TextColumn(help="Of each answer over all classes; 1 for probabilities."),
            "Strongest class": st.column_config.TextColumn(help="For a grey image, and for one of random pixels."),
            "Latency": st.column_config.NumberColumn(format="%d ms", help="Of one call."),
        },
    )
    _classes(tested)
    doubts: dict[str, list[str]] = {}  # a box for each, not one for each candidate
    for candidate, report in tested:
        for warning in report.warnings:
            doubts.setdefault(without_name(warning, candidate.name), []).append(plain(candidate.name))
        if not report.ok:
            st.error(
                f"**{plain(candidate.name)}**: {plain(without_name(report.message, candidate.name))}",
                icon=":material/error:",
            )
    for warning, names_of in doubts.items():
        st.warning(f"**{', '.join(names_of)}**: {plain(warning)}", icon=":material/warning:")


def _classes(tested: list[tuple[CandidateConfig, ConnectionReport]]) -> None:
    """Which of the student's classes each label was taken for, to be looked at where labels were matched by name."""
    matched = {one.name: report.capabilities.matched for one, report in tested if report.capabilities}
    matched = {name: pairs for name, pairs in matched.items() if pairs}
    if not matched:
        return
    with st.expander("Classes, as they were matched by name", icon=":material/compare_arrows:"):
        st.caption(
            "What each candidate calls a class, as far as its answers showed, and the student's class that it was "
            "taken for. Where that is wrong, edit the candidate's answers."
        )
        rows = [
            {"Candidate": name, "Its label": shown(label), "Student's class": ours}
            for name, pairs in matched.items()
            for label, ours in pairs.items()
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="none of them", alt="Classes by label")


def _row(candidate: CandidateConfig, report: ConnectionReport, names: tuple[str, ...]) -> dict[str, object]:
    known = report.capabilities
    top = [names[index] if index < len(names) else str(index) for index in report.top1]
    return {
        "Candidate": candidate.name,
        "Result": ("✓ answers" if known else "✓ loads") if report.ok else "✗ not usable",
        "Answers": OUTPUTS[known.output] if known else None,
        "Classes": known.num_classes if known else None,
        "Sum": ", ".join(f"{total:.4g}" for total in report.sums) or None,
        "Strongest class": ", ".join(top) or None,
        "Latency": round(1000 * report.latency) if report.latency is not None else None,
    }
