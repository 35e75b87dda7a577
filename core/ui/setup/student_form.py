"""The student: its checkpoint, and what the file does not say of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.config import InputSpec, StudentConfig, validated
from core.errors import InputError
from core.students.files import require_file
from core.students.inspection import CheckpointSummary, QuickLook, architectures, look_closer
from core.students.recognition import Match
from core.ui.frame import show_error
from core.ui.setup.input_form import input_form
from core.ui.setup.student_check import check_control, found
from core.ui.setup.student_source import chosen_checkpoint
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
        require_file(path)
        said = _look(path, path.stat().st_mtime_ns)
        config = _completed(path, said)
    except InputError as error:
        show_error(error)
        return StudentChoice(problem="solve the problem with the student")
    if config.architecture is None or config.input is None:
        st.caption("This file does not say everything about itself: complete the fields above.")
        missing = "architecture" if config.architecture is None else "normalisation"
        return StudentChoice(problem=f"choose the student's {missing}")
    check_control(config)
    inspection = found(config)
    failed = inspection is not None and not inspection.ok
    return StudentChoice(config, "the student did not pass its check" if failed else "")


def _completed(path: Path, said: QuickLook) -> StudentConfig:
    """`StudentConfig` from the file's own words and the form's; raises `InputError` where they do not fit."""
    this = hashlib.sha256(str(path).encode()).hexdigest()[:8]  # every file has fields of its own
    complete = said.config.architecture is not None and said.config.input is not None
    label = "Architecture and input, as the file says" if complete else "Architecture and input"
    with st.expander(label, icon=":material/tune:", expanded=not complete):
        left, right = st.columns([2, 1])
        architecture, classes = f"setup_architecture_{this}", f"setup_classes_{this}"
        st.session_state.setdefault(classes, said.config.num_classes)
        with st.spinner("Listing architectures …"):
            known = architectures()
        st.session_state.setdefault(architecture, said.config.architecture or _likely(said, known))
        _recognised(said.matches)
        chosen = left.selectbox(
            "Architecture",
            known,
            key=architecture,
            persist_state="session",
            placeholder="Choose or type to search",
            help="The module that the weights belong to: small ones of this project's zoo, torchvision's or timm's.",
        )
        count = right.number_input(
            "Classes",
            min_value=2,
            max_value=100_000,
            key=classes,
            persist_state="session",
            placeholder="from the weights",
            help="How many classes the student tells apart. Empty: taken from its last layer.",
        )
        usual = next((match.input for match in said.matches if chosen in (match.architecture, *match.same)), None)
        spec = input_form(said.config.input or usual, guessed=said.config.input is None, key=f"setup_{this}")
        names = _class_names(said.config.class_names, key=f"setup_names_{this}")
    fields = {"checkpoint": path, "architecture": chosen, "num_classes": count, "input": spec, "class_names": names}
    return validated(StudentConfig, fields)


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
