"""Where the keys of APIs come from: the environment, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping

from core.candidates import CandidateConfig
from core.errors import InputError


def key_of(candidate: CandidateConfig, environ: Mapping[str, str] = os.environ) -> str | None:
    """The candidate's key, None where it names no variable; blanks around it are not part of it.

    Raises:
        InputError: the variable that it names is missing or empty.
    """
    if candidate.key_env is None:
        return None
    key = environ.get(candidate.key_env, "").strip()
    if not key:
        raise InputError(
            f"the key of {candidate.name} is missing",
            rule=f"the key in the environment variable {candidate.key_env}",
            actual="an empty one" if candidate.key_env in environ else "no such variable",
            remedy=f"set {candidate.key_env}, or enter the key in the app",
        )
    return key
