"""The candidates: a list of APIs, their keys, and a try at each."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

import streamlit as st

from core.candidates import CandidateConfig
from core.ui.candidates.connection_test import connection_test, forget_reports
from core.ui.candidates.dialog import candidate_dialog
from core.ui.candidates.discover_dialog import discover_dialog
from core.ui.candidates.listing import candidate_list
from core.ui.candidates.rows import candidates_of_rows
from core.ui.candidates.toolbar import candidate_toolbar
from core.ui.setup.student_form import StudentChoice
from core.ui.text import plain
from core.zoo.cards import demo_candidates

SERVE = "setup_serve"
SOURCES = {"own": ":material/lan: My own", "demo": ":material/science: The demo's"}


@dataclass(frozen=True)
class CandidateChoice:
    """What the form holds; `problems` says why it is not enough yet. `keys` are secrets by candidate."""

    candidates: tuple[CandidateConfig, ...] = ()
    demo: bool = False
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(demo_candidates()) if self.demo else len(self.candidates)


def candidate_form(student: StudentChoice) -> CandidateChoice:
    """Edit the list, enter keys, test connections; the demo's candidates need none of it."""
    st.session_state.setdefault(SERVE, "own")
    source = st.segmented_control(
        "Whose candidates",
        list(SOURCES),
        required=True,
        format_func=SOURCES.__getitem__,
        key=SERVE,
        persist_state="session",
        help="APIs of your own, or the demo's six models, which the audit serves on this machine by itself.",
    )
    if source == "demo":
        names = ", ".join(card.id for card in demo_candidates())
        st.markdown(f"**{len(demo_candidates())} candidates**: {plain(names)}.")
        st.caption("All sort grey 28 × 28 pictures of clothes into ten classes. They start and stop with the audit.")
        return CandidateChoice(demo=True)
    candidates, problems = candidates_of_rows()
    candidate_toolbar(candidates)
    candidate_list()
    candidate_dialog()
    discover_dialog()
    if not candidates and not problems:
        st.caption("No candidate yet. Discover finds out what an address serves; Add lets you describe one yourself.")
    for problem in problems:
        st.warning(plain(problem[:1].upper() + problem[1:]), icon=":material/warning:")
    if not candidates and not problems:
        problems = ["name at least one candidate"]
    if 0 < len(candidates) < 3:
        st.info(
            "With fewer than three candidates it cannot be told what all models of the task have in common. "
            "Add some of the same task, even ones you do not suspect.",
            icon=":material/lightbulb:",
        )
    missing = _without_key(candidates)
    keys = _keys(candidates, missing)
    problems += [f"enter the key for {c.name}, or set {c.key_env}" for c in missing if c.name not in keys]
    if candidates:
        connection_test(candidates, keys, student)
    return CandidateChoice(candidates, keys=keys, problems=tuple(problems))


def _keys(candidates: tuple[CandidateConfig, ...], missing: list[CandidateConfig]) -> dict[str, str]:
    """Secrets by candidate, for those without a variable that is set; never kept beyond this page."""
    remote = [candidate for candidate in candidates if candidate.is_remote]
    asked = [candidate for candidate in remote if candidate.key_env is None or candidate in missing]
    if not asked:
        return {}
    keys = {}
    with st.expander("Keys", icon=":material/key:", expanded=bool(missing)):
        st.caption(
            "For APIs that want a key which no environment variable holds. Keys stay in memory, reach only "
            "the audit's own process, and are gone once you leave this page."
        )
        for candidate in asked:
            this = hashlib.sha256(f"{candidate.name} {candidate.url}".encode()).hexdigest()[:8]
            keys[candidate.name] = st.text_input(
                f"Key for {plain(candidate.name)}",
                type="password",
                key=f"setup_key_{this}",
                autocomplete="off",
                on_change=forget_reports,
                placeholder=f"{candidate.key_env} is not set" if candidate.key_env else "none",
                help="Sent to this candidate's address only. Leave empty if it wants none.",
            )
        entered = {name: key.strip() for name, key in keys.items() if key and key.strip()}
        # Tab leads to the field's own button, and what was typed then never arrives: so say what did.
        st.caption(
            f":material/check: In use: the key for {plain(', '.join(entered))}."
            if entered
            else "None is in use. Press Enter after typing one."
        )
    return entered


def _without_key(candidates: tuple[CandidateConfig, ...]) -> list[CandidateConfig]:
    """Those that name a variable which is not set."""
    return [candidate for candidate in candidates if candidate.key_env and not os.environ.get(candidate.key_env)]
