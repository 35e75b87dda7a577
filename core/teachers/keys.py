"""Where the keys of APIs come from: the environment, and nowhere else.

Where others use the app too they may name no variable at will: what it holds would be sent to an address of theirs, or
what they type would be a setting of the worker's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from core.candidates import CandidateConfig
from core.errors import InputError
from core.teachers.addresses import is_shared

PREFIX = "AUDIT_KEY_"  # of the variables that anybody may name


def key_of(candidate: CandidateConfig, environ: Mapping[str, str] = os.environ) -> str | None:
    """The candidate's key, None where it names no variable; blanks around it are not part of it.

    Raises:
        InputError: the variable that it names is missing, empty or not to be named.
    """
    if candidate.key_env is None:
        return None
    check_variable(candidate.key_env, environ)
    key = environ.get(candidate.key_env, "").strip()
    if not key:
        raise InputError(
            f"the key of {candidate.name} is missing",
            rule=f"the key in the environment variable {candidate.key_env}",
            actual="an empty one" if candidate.key_env in environ else "no such variable",
            remedy=f"set {candidate.key_env}, or enter the key in the app",
        )
    return key


def check_variable(name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raises `InputError` where a candidate must not name this variable."""
    if is_shared(environ) and not name.startswith(PREFIX):
        raise InputError(
            f"the variable {name} cannot hold a key here",
            rule=f"a name that begins with {PREFIX}, since others use this app too",
            remedy="name another variable, or none and enter the key in the app",
        )
