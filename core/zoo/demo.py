"""The demo audit: a student of the zoo against the zoo's candidates, served on this machine."""

from __future__ import annotations

from core.config import AuditConfig, Effort, load_config
from core.errors import InputError
from core.zoo.cards import DEMO, demo_students

DEMO_AUDIT = DEMO / "audit.toml"


def demo_config(student: str | None = None, *, effort: Effort | None = None) -> AuditConfig:
    """The audit of `assets/demo/audit.toml`, for another demo student or effort where one is given."""
    config = load_config(DEMO_AUDIT)
    if student is not None:
        config = with_demo_student(config, student)
    return config.model_copy(update={"effort": effort}) if effort else config


def with_demo_student(config: AuditConfig, student: str) -> AuditConfig:
    """The same audit of the demo student with this id; raises `InputError` for an unknown id."""
    known = [card.id for card in demo_students()]
    if student not in known:
        raise InputError(
            f"there is no demo student {student!r}", rule=f"one of {', '.join(known)}", remedy="choose one of these"
        )
    checkpoint = DEMO / "students" / f"{student}.safetensors"
    update = {"name": f"Demo: {student}", "student": config.student.model_copy(update={"checkpoint": checkpoint})}
    return config.model_copy(update=update)
