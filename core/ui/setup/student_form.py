"""The student: its checkpoint, and what the file does not say of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.config import InputSpec, StudentConfig, validated
from core.errors import InputError
from core.students.inspection import CheckpointSummary, QuickLook, architectures, look_closer
from core.students.own_architecture import is_own, offered, short_own
from core.students.parts import parts_of, weights_file
from core.students.programs import Kind, program_kind, require_runnable
from core.students.recognition import Match
from core.teachers.addresses import is_shared
from core.ui.frame import show_error
from core.ui.setup.input_form import input_form
from core.ui.setup.student_check import check_control, found
from core.ui.setup.student_source import chosen_checkpoint
from core.ui.setup.student_trust import trust_control
from core.ui.text import plain

SURE = 0.9  # likeness from which on the best match is filled in
SAME = 3  # architectures of the same tensors that are named


@dataclass(frozen=True)
class StudentChoice:
    """What the form holds; `config` is None while it is not complete, and `problem` then says why."""

    config: StudentConfig | None = None
    problem: str = ""

    @property
    def summary(self) -> CheckpointSummary | None:
        """What the check found for exactly this configuration."""
        inspection = found(self.config) if self.config else None
        return inspection.summary if inspection else None

    @property
    def input(self) -> InputSpec | None:
        """The images it takes, as far as that is known."""
        return self.summary.input if self.summary else self.config.input if self.config else None


def student_form() -> StudentChoice:
    """Choose a checkpoint, complete what it says, check it."""
    try:
        path = chosen_checkpoint()
        if path is None:
            return StudentChoice(problem="choose the student's checkpoint")
        if kind := program_kind(weights_file(path)):
            config = _of_program(path, kind)
        else:
            config = _completed(path, _look(path, max(part.stat().st_mtime_ns for part in parts_of(path))))
    except InputError as error:
        show_error(error)
        return StudentChoice(problem="solve the problem with the student")
    lacking = "normalisation" if config.input is None else ""
    if lacking := "architecture" if config.architecture is None and not kind else lacking:
        st.caption("This file does not say everything about itself: complete the fields above.")
        return StudentChoice(problem=f"choose the student's {lacking}")
    if (kind or is_own(config.architecture)) and not config.trusted:
        return StudentChoice(problem="the student comes with code: say that you trust it, or choose another")
    check_control(config)
    inspection = found(config)
    failed = inspection is not None and not inspection.ok
    return StudentChoice(config, "the student did not pass its check" if failed else "")


def _of_program(path: Path, kind: Kind) -> StudentConfig:
    """`StudentConfig` of a program from the form; raises `InputError` for one that cannot be a student here."""
    require_runnable(path, kind, trusted=True)
    this = _key(path)
    trusted = trust_control(f"This file is a program of **{kind}**, not only weights", key=f"setup_trusted_{this}")
    with st.expander("Input and classes", icon=":material/tune:", expanded=True):
        count = _classes(st.container(), None, key=f"setup_classes_{this}")
        spec = input_form(None, guessed=False, key=f"setup_{this}")
        names = _class_names(None, key=f"setup_names_{this}")
    fields = {"checkpoint": path, "num_classes": count, "input": spec, "class_names": names, "trusted": trusted}
    return validated(StudentConfig, fields)


def _completed(path: Path, said: QuickLook) -> StudentConfig:
    """`StudentConfig` from the file's own words and the form's; raises `InputError` where they do not fit."""
    this = _key(path)
    named = said.config.architecture
    with st.spinner("Listing architectures …"):
        known = architectures() + ([] if is_shared() else offered())
    complete = named in known and said.config.input is not None
    label = "Architecture and input, as the file says" if complete else "Architecture and input"
    with st.expander(label, icon=":material/tune:", expanded=not complete):
        left, right = st.columns([2, 1])
        architecture = f"setup_architecture_{this}"
        st.session_state.setdefault(architecture, named or _likely(said, known))
        if st.session_state[architecture] not in known:  # deleted meanwhile, or never known here
            st.session_state[architecture] = None
        if named and named not in known:
            st.warning(f"The file says that it is of **{plain(named[:80])}**, which is not known here.")
        _recognised(said.matches)
        chosen = left.selectbox(
            "Architecture",
            known,
            format_func=lambda name: short_own(name) if is_own(name) else name,
            key=architecture,
            persist_state="session",
            placeholder="Choose or type to search",
            help="The module that the weights belong to: small ones of this project's zoo, torchvision's, timm's, or "
            "one of your own: a function in a Python file in the folder architectures of this app's workspace.",
        )
        count = _classes(right, said.config.num_classes, key=f"setup_classes_{this}")
        trusted = is_own(chosen) and trust_control(
            f"**{plain(short_own(chosen))}** is Python code", key=f"setup_trusted_{this}_{_key(Path(chosen))}"
        )
        usual = next((match.input for match in said.matches if chosen in (match.architecture, *match.same)), None)
        spec = input_form(said.config.input or usual, guessed=said.config.input is None, key=f"setup_{this}")
        names = _class_names(said.config.class_names, key=f"setup_names_{this}")
    fields = {"checkpoint": path, "architecture": chosen, "num_classes": count, "input": spec, "class_names": names}
    return validated(StudentConfig, fields | {"trusted": trusted})


def _key(path: Path) -> str:
    """Every file has fields of its own."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def _classes(place: DeltaGenerator, said: int | None, *, key: str) -> int | None:
    st.session_state.setdefault(key, said)
    return place.number_input(
        "Classes",
        min_value=2,
        max_value=100_000,
        key=key,
        persist_state="session",
        placeholder="from the weights",
        help="How many classes the student tells apart. Empty: taken from its last layer.",
    )


@st.cache_data(max_entries=32, show_spinner="Looking into the file …")
def _look(path: Path, changed: int) -> QuickLook:
    """What a file says before it is loaded; read anew when it has `changed`, in nanoseconds."""
    return look_closer(path)


def _likely(said: QuickLook, known: list[str]) -> str | None:
    """The architecture that is filled in for a file that does not say its own."""
    best = said.matches[0] if said.matches else None
    return best.architecture if best and best.likeness >= SURE and best.architecture in known else None


def _recognised(matches: tuple[Match, ...]) -> None:
    """The architectures that its tensors fit, where the file does not say its own."""
    if not matches:
        return
    best, *others = matches
    sure = "This is" if best.likeness >= SURE else "This may be"
    same = f" Of the very same tensors: {plain(_listed(best.same))}." if best.same else ""
    st.markdown(
        f":material/fingerprint: {sure} **{plain(best.architecture)}**, {best}, by names and shapes. The file does not "
        f"say so itself.{same}"
    )
    if others:
        st.caption("Next: " + "; ".join(f"{plain(one.architecture)}, {one}" for one in others[:2]) + ".")


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SAME} more" if len(names) > SAME else ""
    return ", ".join(names[:SAME]) + more


def _class_names(said: tuple[str, ...] | None, *, key: str) -> tuple[str, ...] | None:
    st.session_state.setdefault(key, "\n".join(said or ()))
    text = st.text_area(
        "Class names",
        key=key,
        persist_state="session",
        placeholder="one a line, in the order of the student's outputs; may be left empty",
        help="Only used to label probes and answers.",
        height=100,
    )
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip()) or None
