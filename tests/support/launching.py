"""A project's folder to launch, with a stand-in for the environment's Python: nothing is installed."""

from __future__ import annotations

from pathlib import Path

# A Python that answers what launch.py asks, notes its arguments and fails at what the file `fails` names.
STAND_IN = """#!/bin/sh
here=$(dirname "$0")/..
case "$*" in
    -c*) echo VERSION ;;
    "-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *) echo "$*" >> "$here/calls" ;;
esac
if [ -e "$here/fails" ] && echo "$*" | grep -q -e "$(head -1 "$here/fails")"; then
    tail -n +2 "$here/fails" >&2
    exit 3
fi
"""


class Project:
    """A project folder whose `.venv` holds the stand-in, which makes other environments of itself."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.venv, self.servers = folder, folder / ".venv", folder / ".venv-servers"
        self.requirements, self.dev = folder / "requirements.txt", folder / "requirements-dev.txt"
        self.requirements.write_text("streamlit\n")
        self.dev.write_text("pytest\n")
        self.of_servers = folder / "tests" / "servers" / "requirements.txt"
        self.of_servers.parent.mkdir(parents=True)
        self.of_servers.write_text("mlserver\n")

    def make_venv(self, version: str = "3.11.7") -> None:
        python = self.venv / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(STAND_IN.replace("VERSION", version))
        python.chmod(0o755)

    def fail(self, arguments: str, complaint: str = "") -> None:
        (self.venv / "fails").write_text(f"{arguments}\n{complaint}\n")

    def mend(self) -> None:
        (self.venv / "fails").unlink()

    @property
    def installed(self) -> list[str]:
        """The requirements files that pip was given, in order."""
        return [Path(call.split()[-1]).name for call in self.calls if " install " in call]

    @property
    def calls(self) -> list[str]:
        return noted(self.venv)


def noted(venv: Path) -> list[str]:
    """The arguments that the stand-in of an environment was called with."""
    path = venv / "calls"
    return path.read_text().splitlines() if path.exists() else []
