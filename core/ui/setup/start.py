"""From the three forms to a run: what it will take, what is still missing, and the button."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from core.config import AuditConfig, StudentConfig, config_to_toml, validated
from core.costs import cost_of
from core.errors import InputError
from core.quantities import money
from core.runs.control import start_run
from core.students.parts import short_name
from core.ui.candidates.connection_test import measured_latency
from core.ui.candidates.form import CandidateChoice
from core.ui.estimate import images_at_most, in_words, predicted_seconds
from core.ui.facts import facts
from core.ui.frame import RUN, guarded, show_error
from core.ui.setup.consent import consent_dialog, open_consent
from core.ui.setup.effort_form import EffortChoice
from core.ui.setup.student_check import check
from core.ui.setup.student_form import StudentChoice
from core.ui.text import plain


def prediction(student: StudentChoice, candidates: CandidateChoice, effort: EffortChoice) -> None:
    """Minutes, probes and queries, as far as the forms tell."""
    someone = StudentConfig(checkpoint=Path("student"))
    plan = validated(AuditConfig, {"student": someone, "serve": "demo", **asdict(effort)})
    seconds = predicted_seconds(
        plan,
        candidates=candidates.count,
        asked=candidates.candidates,
        input=student.input,
        parameters=student.summary.parameters if student.summary else None,
        latency=measured_latency(candidates.candidates),
    )
    plan = _with_candidates(plan, candidates)
    sets = len(plan.probe_sets)
    facts(
        {
            "Time on two processor cores": in_words(seconds),
            "Probes": f"{plan.num_probes:,} × {sets} set{'s' if sets > 1 else ''}",
            "Candidates": str(candidates.count),
            "Queries, at most": f"**{images_at_most(plan, candidates.count):,}**" if candidates.count else "–",
            **_cost(plan),
        }
    )
    _budgets(plan, candidates)


def _with_candidates(plan: AuditConfig, candidates: CandidateChoice) -> AuditConfig:
    own = {} if candidates.demo else {"candidates": candidates.candidates, "serve": None}
    return plan.model_copy(update=own)


def _cost(plan: AuditConfig) -> dict[str, str]:
    cost = cost_of(plan)
    return {} if cost is None else {"Cost, at most": f"**{money(cost)}**"}


def _budgets(plan: AuditConfig, candidates: CandidateChoice) -> None:
    """Say where the audit needs more than it may spend."""
    each = plan.num_queries(1)
    remote = [one for one in candidates.candidates if one.is_remote]
    short = [one.name for one in remote if one.budget is not None and one.budget < each]
    most = images_at_most(plan.model_copy(update={"budget": None}), candidates.count) if candidates.count else 0
    if plan.budget is not None and plan.budget < most:
        short.append("the audit itself")
    if short:
        st.warning(
            f"The budget of {plain(', '.join(short))} does not pay for all probes. Those that the ranking rests on "
            "come first; the audit ends where the budget does, and can be continued with a higher one.",
            icon=":material/savings:",
        )


def start_control(student: StudentChoice, candidates: CandidateChoice, effort: EffortChoice) -> None:
    """Name it, start it, or save it as a file."""
    reasons = [reason for reason in (student.problem, *candidates.problems) if reason]
    config, keys = None, {}
    usual = f"Audit of {short_name(student.config.checkpoint)}"[:80] if student.config else ""
    name = st.text_input(
        "Name",
        key="setup_name",
        persist_state="session",
        max_chars=80,
        placeholder=usual or "Audit",
        help="What to find this audit by in the history.",
    )
    if student.config is not None and not reasons:
        try:
            config, keys = _config(name or usual, student.config, candidates, effort)
        except InputError as error:
            reasons.append(error.what)
    if reasons:
        missing = "\n".join(f"- {plain(reason)}" for reason in reasons)
        st.markdown(f":gray[Before this audit can start:]\n{missing}")
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Start the audit",
            type="primary",
            icon=":material/play_arrow:",
            disabled=config is None,
            help="Checks the student, then starts the audit in a process of its own and shows its progress.",
        )
        st.download_button(
            "Save as TOML",
            data=config_to_toml(config) if config else "",
            file_name="audit.toml",
            mime="application/toml",
            icon=":material/download:",
            disabled=config is None,
            on_click="ignore",
            help="The same audit for the command line: python -m core audit audit.toml. Typed keys are not part of it.",
        )
    if config is None:
        return
    if pressed and config.serve:  # which stays on this machine
        with guarded():
            _start(config, keys)
    elif pressed:
        open_consent()
    consent_dialog(config, lambda: _start(config, keys))


def _config(
    name: str, student: StudentConfig, candidates: CandidateChoice, effort: EffortChoice
) -> tuple[AuditConfig, dict[str, str]]:
    """The audit, and its typed keys by the variables that are to hold them; raises `InputError`.

    A typed key goes where its candidate says, or else into a variable whose name nobody else uses: the
    worker's environment is the one place where it is kept.
    """
    named, keys = [], {}
    for candidate in candidates.candidates:
        if key := candidates.keys.get(candidate.name):
            variable = candidate.key_env
            if variable is None or keys.get(variable, key) != key:  # one variable must not bring one's key to another
                variable = f"AUDIT_KEY_{secrets.token_hex(4).upper()}"
            candidate, keys[variable] = candidate.model_copy(update={"key_env": variable}), key
        named.append(candidate)
    fields = {
        "name": name,
        "student": student,
        "candidates": tuple(named),
        "serve": "demo" if candidates.demo else None,
        **asdict(effort),
    }
    return validated(AuditConfig, fields), keys


def _start(config: AuditConfig, keys: dict[str, str]) -> None:
    inspection = check(config.student)
    if inspection.error is not None:
        show_error(inspection.error)
        return
    folder = start_run(config, keys)
    st.switch_page(RUN, query_params={"run": folder.run})
