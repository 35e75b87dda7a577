"""The demo's candidates on a free port of this machine, for as long as somebody needs them. Free of torch."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.candidates import CandidateConfig
from core.errors import Cancelled, TeacherError
from core.processes import ROOT, detached
from core.zoo.cards import DEMO

STARTUP = 120.0  # seconds; mostly the import of torch
GOODBYE = 5.0  # seconds for calls under way
LAST_WORDS = 300  # characters


@dataclass(frozen=True)
class Hosted:
    """Candidates that can be asked now, and who they are: by name, whatever the port."""

    candidates: tuple[CandidateConfig, ...]
    identities: Mapping[str, str]


class HostedZoo:
    """A context: enter it to start a server of the models in a folder, leave it to stop the server.

    Entering returns at once; `ready()` waits for the server, so that other work can be done meanwhile.
    The server reads from a pipe that only this process holds: however this process ends, the pipe
    closes, and the server stops.
    """

    def __init__(self, folder: Path) -> None:
        self._models = {path.stem: path for path in sorted(folder.resolve().glob("*.safetensors"))}
        self._folder = folder.resolve()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "core", "serve", "--folder", str(self._folder)]
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [*command, "--port", "0", "--until-stdin-closes"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            **detached(),  # Ctrl+C is for the audit, which stops the server then
        )
        self._said: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *raised: object) -> None:
        process = self._process
        process.stdin.close()
        if self._listener.is_alive():  # still starting, so there are no calls to finish
            process.kill()
        try:
            process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._complaints.close()

    def ready(self, cancelled: threading.Event | None = None) -> Hosted:
        """The candidates, once the server takes calls.

        Raises:
            TeacherError: it does not start; says why.
            Cancelled: `cancelled` was set meanwhile.
        """
        end = time.monotonic() + STARTUP
        while self._listener.is_alive():
            self._listener.join(0.1)
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            if time.monotonic() > end:
                raise self._fault(f"nothing was heard of it in {STARTUP:g} s")
        try:
            port = json.loads(self._said[0])["port"]
        except (IndexError, ValueError, TypeError, KeyError):
            raise self._fault(self._last_words()) from None
        return self._hosted(f"http://127.0.0.1:{port}")

    def _hosted(self, url: str) -> Hosted:
        hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in self._models.items()}
        return Hosted(
            candidates=tuple(
                CandidateConfig(name=name, url=url, model=name, version=sha256[:12]) for name, sha256 in hashes.items()
            ),
            identities={name: f"zoo|{sha256}" for name, sha256 in hashes.items()},
        )

    def _listen(self) -> None:
        self._said.append(self._process.stdout.readline())

    def _last_words(self) -> str:
        """What the server wrote last before it ended."""
        try:
            self._process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            return "it said something else than its port"
        self._complaints.seek(0)
        words = " ".join(self._complaints.read().decode("utf-8", "replace").split())
        return words[-LAST_WORDS:] or "it ended without a word"

    def _fault(self, actual: str) -> TeacherError:
        return TeacherError(
            f"the server of the models in {self._folder} does not start",
            actual=actual,
            remedy="run `python -m core serve --folder` with that folder to see more",
        )


def served_demo() -> HostedZoo:
    """The demo's candidates."""
    return HostedZoo(DEMO / "candidates")
