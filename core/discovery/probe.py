"""Questions to a server of which nothing is known. None of them holds an image, and each is asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.candidates import CandidateConfig, Protocol
from core.config import validated
from core.errors import AuditError, InputError, TeacherError
from core.teachers.encoding import Shape
from core.teachers.keys import key_of
from core.teachers.told import shown
from core.teachers.transport import Heard, Transport

SILENCE = 3.0  # seconds without a byte after which a question is given up
THREADS = 10
MAX_BODY = 8 * 2**20  # bytes of an answer
NAME = 80  # characters of a candidate's name


@dataclass(frozen=True)
class Finding:
    """A candidate that can be asked, filled in as far as its server tells.

    Attributes:
        input_shape: `(C, H, W)` that its images must have; None where the server leaves that open.
        note: in plain words what was found, what is assumed, and what is still to be filled in.
    """

    candidate: CandidateConfig
    input_shape: Shape | None
    note: str


@dataclass(frozen=True)
class Sighting:
    """What came of looking for one protocol: nothing, findings, or why there are none though it is spoken."""

    findings: tuple[Finding, ...] = ()
    lack: AuditError | None = None


class Probe:
    """Questions to one server. What was heard is kept, so that nothing is asked twice.

    Args:
        key: sent to this server alone; None for what the variable `key_env` holds, if one is given.
    """

    def __init__(self, url: str, *, key: str | None = None, key_env: str | None = None) -> None:
        self.host = urlsplit(url).netloc
        self._common = {"url": url, "key_env": key_env}
        # hugging_face: the protocol that needs nothing but an address
        self.asked = self.candidate("hugging_face", self.host, timeout=SILENCE, max_concurrency=THREADS)
        key = key if key is not None else key_of(self.asked)
        self._transport = Transport(self.asked, key=key, max_body=MAX_BODY)
        self.heard: dict[str, Heard] = {}

    def get(self, path: str) -> Heard:
        if path not in self.heard:
            self.heard[path] = self._transport.look(path)
        return self.heard[path]

    def post(self, path: str, body: bytes) -> Heard:
        return self._transport.look(path, body)

    def get_all(self, paths: Sequence[str]) -> list[Heard]:
        """All of them side by side."""
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self.get, paths))

    def candidate(self, protocol: Protocol, name: str, **settings: object) -> CandidateConfig:
        """A candidate behind this server; raises `InputError` where a server's own names cannot be used."""
        given = {"name": name[:NAME], "protocol": protocol} | self._common | settings
        return validated(CandidateConfig, given)


def has(value: object, key: str, kind: type) -> bool:
    """Whether a server's JSON is an object with such an entry."""
    return isinstance(value, Mapping) and isinstance(value.get(key), kind)


def name_it(probe: Probe, label: str) -> InputError:
    """For a server that is known, of which no model is."""
    return InputError(
        f"{probe.host}: {label} does not say which models it has", rule="a model's name", remedy="name the model"
    )


def no_such_model(probe: Probe, model: str, names: Sequence[str]) -> TeacherError:
    return TeacherError(
        f"{probe.host}: the server has no model {model!r}",
        rule=shown(", ".join(names)),
        remedy="name one that it has",
    )
