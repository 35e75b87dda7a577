"""The form of one candidate, over the page."""

from __future__ import annotations

import streamlit as st

from core.candidates import NEEDS, CandidateConfig
from core.config import validated
from core.errors import InputError
from core.students.parts import weights_file
from core.teachers.addresses import is_shared, with_scheme
from core.ui.candidates import fields
from core.ui.candidates.rows import Row, put_row, rows
from core.ui.dialogs import done, draw_dialog, open_dialog
from core.ui.frame import guarded

NAME = "setup_candidate"
TABS = (
    ":material/lan: Address",
    ":material/image: Images",
    ":material/list: Answers",
    ":material/speed: Limits",
)


def open_candidate(place: int | None = None) -> None:
    """Show the form, filled with the row at `place`, or empty for a new one."""
    open_dialog(NAME, place)


def candidate_dialog() -> None:
    """Draw it where it is open."""
    draw_dialog(NAME, "Candidate", _form)


def _form(place: int | None, key: str) -> None:
    if place is not None and place >= len(rows()):  # its row is gone meanwhile
        place = None
    given: Row = rows()[place] if place is not None else {}
    values = fields.who(given, key)
    protocol = values["protocol"]
    where, images, answers, limits = st.tabs(TABS)
    sends_numbers = protocol in fields.NUMBERS
    with where:
        values |= fields.address(given, protocol, key)
        if protocol == "generic":
            request, sends_numbers = fields.request(given, key)
            values |= request
        if protocol != "local":
            values |= fields.secrets({**given, **values}, f"{key}_{values.get('key_header')}")
    with images:
        if sends_numbers:
            values |= fields.pixels(given, key)
        else:
            st.caption(
                "Images stay on this machine." if protocol == "local" else "Images are sent as PNG files, without loss."
            )
        values |= fields.size(given, key)
    with answers:
        values |= fields.answers(given, protocol, key)
    with limits:
        values |= fields.limits(given, key)
    if st.button("Save", type="primary", icon=":material/check:", key=f"{key}_save", help="Puts it into the list."):
        with guarded():
            filled = {name: value for name, value in values.items() if value not in (None, "")}
            missing = [fields.REQUIRED[one] for one in ("name", *NEEDS[protocol]) if one not in filled]
            if missing:
                raise InputError(f"this candidate still lacks {', '.join(missing)}", remedy="fill it in and save again")
            if "url" in filled:
                filled["url"] = with_scheme(str(filled["url"]).strip())
            candidate = validated(CandidateConfig, filled)
            if candidate.checkpoint and not is_shared():
                weights_file(candidate.checkpoint)
            put_row(candidate, place)
            done()
