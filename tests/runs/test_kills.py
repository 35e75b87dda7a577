"""A worker that is killed again and again: what was answered is kept, and what the audit cost is known."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.candidates import CandidateConfig
from core.config import TRIAL_IMAGES, AuditConfig, StudentConfig
from core.runs.control import create_run, resume_run, start_run
from core.runs.execute import execute
from core.runs.folder import RunFolder
from core.students.load import load_student
from core.synthesis.settings import PyramidsConfig
from core.teachers.base import Terms
from core.teachers.cache import AnswerCache, answer_cache
from core.teachers.registry import open_teacher
from core.teachers.trials import Trials
from core.workspace import workspace
from core.zoo.server import Moods, create_app
from tests.support.audits import PATIENCE, wait_for
from tests.support.serving import serving
from tests.support.zoo import make_zoo

SEED = 20
KILLS, EARLY = 10, 3  # of the kills, these strike by the clock, about when the asking begins
PROBES, BATCH, AT_ONCE, LATENCY = 60, 2, 4, 0.1
NAMES = ("ash", "elm", "oak")
SETS = 2  # of probes
NEEDED = len(NAMES) * (1 + SETS * PROBES // BATCH)  # requests; the test images are one
IN_FLIGHT = len(NAMES) * AT_ONCE  # requests at a time


class Ledger:
    """ASGI middleware that writes down every inference request that it receives whole.

    Attributes:
        now: the try of the audit that is going on, from 0.
        tries: in which tries each distinct request was received, in their order.
        asked: whom each distinct request asks, and the uint8 images `(N, 1, 28, 28)` that it holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.now = app, -1
        self.tries: dict[str, list[int]] = {}
        self.asked: dict[str, tuple[str, np.ndarray]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/infer"):
            body, more = b"", True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return  # killed while it sent
                body, more = body + message.get("body", b""), message.get("more_body", False)
            self._write_down(scope["path"].split("/")[3], body)
            whole: list[Message] = [{"type": "http.request", "body": body}]

            async def replay() -> Message:
                return whole.pop() if whole else await receive()

            await self.app(scope, replay, send)
        else:
            await self.app(scope, receive, send)

    def images(self) -> Counter[str]:
        """How many each model was asked about, repeated ones counted each time."""
        found: Counter[str] = Counter()
        for request, tries in self.tries.items():
            model, images = self.asked[request]
            found[model] += len(tries) * len(images)
        return found

    def _write_down(self, model: str, body: bytes) -> None:
        tensor = json.loads(body)["inputs"][0]
        images = np.rint(np.array(tensor["data"]).reshape(tensor["shape"]) * 255).astype(np.uint8)
        request = hashlib.sha256(model.encode() + body).hexdigest()
        self.asked[request] = model, images
        self.tries.setdefault(request, []).append(self.now)


def moments(seed: int) -> list[tuple[int, float]]:
    """When to kill: so many distinct requests have been received, the audit has begun, and some seconds went by."""
    draw = random.Random(seed)
    early = [(0, draw.uniform(0, 0.6)) for _ in range(EARLY)]
    asking = sorted(draw.randint(1, int(0.8 * NEEDED)) for _ in range(KILLS - EARLY))
    return early + [(requests, draw.uniform(0, 1.5 * LATENCY)) for requests in asking]


def begin_try(folder: RunFolder, ledger: Ledger) -> None:
    """Once its worker is up, which does not ask yet; whatever the one before it has sent has arrived by then."""
    wait_for(folder, lambda state: state.pid is not None)
    ledger.now += 1


def kill_at(folder: RunFolder, ledger: Ledger, requests: int, seconds: float) -> str:
    """Kill the worker then; the phase that it was in."""
    begun = wait_for(folder, lambda state: state.phase is not None)
    deadline = time.monotonic() + PATIENCE
    while len(ledger.tries) < requests:
        assert time.monotonic() < deadline and folder.status() == "running", folder.state()
        time.sleep(0.005)
    time.sleep(seconds)
    worker = psutil.Process(begun.pid)
    worker.kill()
    worker.wait(PATIENCE)
    assert folder.status() == "interrupted", f"{folder.state()}: it was over before it was killed"
    return str(folder.state().phase)


def keys_of(ledger: Ledger, config: AuditConfig, cache: AnswerCache) -> dict[str, list[str]]:
    """Where the cache has the answers to each request; nobody is asked about test images anew for that."""
    student = load_student(config.student, "cpu")
    identities = {}
    for candidate in config.candidates:
        teacher = open_teacher(candidate, terms=Terms(trials=Trials(cache, f"{candidate.name}|")))
        identities[candidate.model] = teacher.connect(student.shape, student.class_names).identity
        assert teacher.sent == 0
    return {
        request: [cache.key(identities[model], image) for image in images]
        for request, (model, images) in ledger.asked.items()
    }


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


def audit_of(zoo: Path, url: str) -> AuditConfig:
    limits = {"max_batch": BATCH, "max_concurrency": AT_ONCE}
    return AuditConfig(
        student=StudentConfig(checkpoint=zoo / "students" / "fern.safetensors"),
        candidates=tuple(CandidateConfig(name=name, url=url, model=name, **limits) for name in NAMES),
        probes=PROBES,
        synthesis=PyramidsConfig(),
        baselines=("white_noise",),
        bootstrap=100,
        ask_anyway=True,
        device="cpu",
    )


def test_ten_kills_cost_no_answer_that_was_kept_and_all_that_was_sent_is_counted(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted((zoo / "candidates").glob("*.safetensors"))
    ledger = Ledger(create_app(paths, Moods(latency=LATENCY)))
    kept: list[set[str]] = []  # what the cache held after each try
    struck = []
    with serving(ledger) as url, answer_cache() as cache:
        config = audit_of(zoo, url)
        folder = start_run(config)
        begin_try(folder, ledger)
        for requests, seconds in moments(SEED):
            phase = kill_at(folder, ledger, requests, seconds)
            struck.append(f"{phase}, {seconds:.3f} s after request {requests}")
            kept.append(stored())
            resume_run(folder)
            begin_try(folder, ledger)
        wait_for(folder, lambda state: state.status not in ("queued", "running"))
        keys = keys_of(ledger, config, cache)
        received, images = {request: list(tries) for request, tries in ledger.tries.items()}, ledger.images()
        monkeypatch.setenv("AUDIT_HOME", str(tmp_path / "unharmed"))
        unharmed = execute(create_run(config))

    told = f"seed {SEED}, killed in {'; '.join(struck)}"
    results = folder.results()
    assert results is not None and results.complete, (told, folder.state())
    assert results.ranking == unharmed.ranking, told
    assert results.baselines == unharmed.baselines, told

    # Each once, test images too; once more only where the answer was not in the cache when the worker was killed
    assert len(received) == NEEDED, told
    for request, tries in received.items():
        assert len(set(tries)) == len(tries), (told, tries)
        for earlier, _ in pairwise(tries):
            assert not kept[earlier].issuperset(keys[request]), (told, tries)
    again = sum(map(len, received.values())) - NEEDED
    assert 0 < again <= KILLS * IN_FLIGHT, told

    # What is sent is counted before it is, so that a kill between the two counts what never arrived
    for name in NAMES:
        assert images[name] <= results.queries.by_candidate[name] <= images[name] + KILLS * AT_ONCE * BATCH, told
    assert results.queries.cached == 0, told  # the run paid for everything itself
    assert unharmed.queries.sent == len(NAMES) * (TRIAL_IMAGES + SETS * PROBES)


def stored() -> set[str]:
    """The keys of all answers in the workspace's cache."""
    with closing(sqlite3.connect(workspace() / "cache" / "answers.sqlite3")) as database:
        return {key for (key,) in database.execute("SELECT key FROM answers")}
