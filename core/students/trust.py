"""Code of others runs only where somebody said so, and where that somebody is a user of this machine."""

from __future__ import annotations

from core.errors import InputError
from core.teachers.addresses import is_shared


def require_trust(what: str, *, trusted: bool, instead: str) -> None:
    """Raise `InputError` unless code that came with a student may run.

    Args:
        what: names the code and what it is, one clause.
        trusted: `StudentConfig.trusted`.
        instead: what to do without it, one imperative clause.
    """
    if is_shared():
        raise InputError(f"{what}, and none of that runs where other people use this app too", remedy=instead)
    if not trusted:
        raise InputError(
            f"{what}: it can read, change and send whatever you can on this machine, and nothing of it was run",
            remedy=f"{instead}, or set the student's trusted to true if you trust whoever made it",
        )
