"""Processes of our own: how one is started that lives on when whoever started it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]  # where `python -m core` finds the project


def detached() -> dict[str, object]:
    """Arguments for `subprocess.Popen`: Ctrl-C in the starter's terminal, or its end, does not reach the process."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
