"""Which checkpoint: uploaded, from the allowed folder, or one of the demo's."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from core.students.files import display_name
from core.students.programs import accepted_suffixes
from core.students.uploads import checkpoint_in_folder, list_checkpoints, store_upload
from core.ui.text import plain
from core.workspace import checkpoints_folder
from core.zoo.cards import DEMO, demo_students

Source = Literal["upload", "folder", "demo"]
SOURCES: dict[Source, str] = {
    "upload": ":material/upload_file: Upload",
    "folder": ":material/folder_open: From a folder",
    "demo": ":material/science: Demo student",
}
SOURCE, UPLOAD, FILE, STUDENT = "setup_source", "setup_upload_path", "setup_file", "setup_demo"


def chosen_checkpoint() -> Path | None:
    """Where the checkpoint comes from, None while none is chosen; raises `InputError` for an unusable one."""
    st.session_state.setdefault(SOURCE, "upload")
    source = st.segmented_control(
        "Where the student's checkpoint is",
        list(SOURCES),
        required=True,
        format_func=SOURCES.__getitem__,
        key=SOURCE,
        persist_state="session",
        help="A file of yours, or one of the demo's students to try the page with.",
    )
    return {"upload": _uploaded, "folder": _in_folder, "demo": _demo}[source]()


def demo_checkpoint(student: str) -> Path:
    """The file of a demo student."""
    return DEMO / "students" / f"{student}.safetensors"


def _uploaded() -> Path | None:
    """The uploader forgets its file on a page switch, so the copy's path is kept, and stays."""
    file = st.file_uploader(
        "Checkpoint",
        type=[suffix.removeprefix(".") for suffix in accepted_suffixes()],
        key="setup_upload",
        help=f"{', '.join(accepted_suffixes())}. It is copied into this app's workspace and stays on this machine. "
        "Instead of an ONNX model give the PyTorch model that it was made from.",
    )
    if file is not None and file.file_id != st.session_state.get("setup_upload_id"):
        st.session_state[UPLOAD] = store_upload(file.name, file)
        st.session_state["setup_upload_id"] = file.file_id
    path: Path | None = st.session_state.get(UPLOAD)
    if path is not None and file is None:
        st.caption(f"In use: **{plain(display_name(path))}**, uploaded before. Upload another to replace it.")
    return path


def _in_folder() -> Path | None:
    folder = plain(str(checkpoints_folder()))
    files = [str(path) for path in list_checkpoints()]
    if not files:
        st.info(f"Put a checkpoint into {folder}, then reload this page.", icon=":material/folder_open:")
        return None
    if st.session_state.get(FILE) not in files:  # deleted meanwhile
        st.session_state[FILE] = None
    file = st.selectbox(
        "Checkpoint",
        files,
        key=FILE,
        persist_state="session",
        placeholder="Choose a file or a folder",
        help=f"Files in {folder}, and folders with weights of a usual name, as on Hugging Face's hub. The environment "
        "variable AUDIT_CHECKPOINTS names another folder.",
    )
    return checkpoint_in_folder(file) if file else None


def _demo() -> Path | None:
    students = {card.id: card.architecture.partition(":")[2] for card in demo_students()}
    student = st.selectbox(
        "Student",
        list(students),
        format_func=lambda name: f"{name} · {students[name]}",
        key=STUDENT,
        persist_state="session",
        help="The demo's students, by name and architecture. Some have a teacher among the demo's candidates.",
    )
    return demo_checkpoint(student) if student else None
