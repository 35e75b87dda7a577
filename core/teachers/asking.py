"""Ask all candidates the same probes, each as many calls at a time as it allows, and pay for no answer twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np

from core.errors import Cancelled, OverBudget, TeacherError
from core.teachers.base import Capabilities, Teacher
from core.teachers.cache import AnswerCache

CHUNK = 20  # probes that everyone has answered, after which the ranking is drawn anew
POLL = 0.2  # seconds between two looks at `cancelled`


@dataclass(frozen=True)
class Witness:
    """A connected candidate."""

    teacher: Teacher
    capabilities: Capabilities


@dataclass(frozen=True)
class Reply:
    """Answers of one candidate to some of the probes."""

    candidate: str
    answers: Mapping[int, np.ndarray]  # each `(K,)`, by the probe's index
    keys: tuple[str, ...]  # of them in the cache
    known: bool  # they were there already


def ask(
    witnesses: Sequence[Witness],
    images: np.ndarray,
    cache: AnswerCache,
    *,
    cancelled: threading.Event,
    on_ask: Callable[[str, Sequence[str]], None],
    on_reply: Callable[[Reply], None],
    on_loss: Callable[[str, TeacherError], None],
) -> Iterator[dict[str, np.ndarray]]:
    """All candidates' answers to uint8 `images` `(N, C, H, W)`, as they come.

    Each answer is in the cache before it is reported. Yields the answers so far by name, each `(n, K)`, whenever
    all candidates have answered a chunk more of the first probes, and at the end. A candidate that fails is left out
    from then on; at the end of a budget all have answered fewer than N, and the last that is yielded is `(n, K)`.

    Args:
        on_ask: told a candidate's name and the keys of the answers that it is going to be asked for, in a thread
            of the candidate's own.
        on_loss: told of each candidate that failed, and why.

    Raises:
        TeacherError: the last candidate failed; what had arrived is kept.
        Cancelled: `cancelled` was set; calls still under way are abandoned, as after any other error.
    """
    lines = {witness.teacher.name: _Line(witness, images, cache, on_ask) for witness in witnesses}
    try:
        calls: dict[Future[Reply], str] = {}
        for name, line in lines.items():
            if known := line.known():
                on_reply(known)
            calls |= dict.fromkeys(line.calls(), name)
        told = 0
        for call in _as_they_come(calls, cancelled):
            name = calls[call]
            if name not in lines or call.cancelled():
                continue
            try:
                reply = call.result()
            except OverBudget:
                lines[name].close()  # what it has answered counts
                continue
            except TeacherError as error:
                lines.pop(name).close()
                if not lines:
                    raise
                on_loss(name, error)
                continue
            lines[name].add(reply.answers)
            on_reply(reply)
            chunks = min(line.answered for line in lines.values()) // CHUNK * CHUNK
            if told < chunks < len(images):
                told = chunks
                yield {name: line.first(told) for name, line in lines.items()}
        answered = min(line.answered for line in lines.values())
        yield {name: line.first(answered) for name, line in lines.items()}
    except BaseException:
        cancelled.set()  # nobody waits any more for the calls still under way
        raise
    finally:
        for line in lines.values():
            line.close()


class _Line:
    """To one candidate: as many calls at a time as it allows, those for the first probes first.

    Attributes:
        answered: how many of the first probes have an answer.
    """

    def __init__(
        self,
        witness: Witness,
        images: np.ndarray,
        cache: AnswerCache,
        on_ask: Callable[[str, Sequence[str]], None],
    ) -> None:
        self.answered = 0
        self._answers: dict[int, np.ndarray] = {}
        self._witness, self._images, self._cache, self._on_ask = witness, images, cache, on_ask
        self._keys = [cache.key(witness.capabilities.identity, image) for image in images]
        self._where: dict[str, list[int]] = {}  # probes that are the same have one key, and are asked about once
        for index, key in enumerate(self._keys):
            self._where.setdefault(key, []).append(index)
        self._pool = ThreadPoolExecutor(witness.capabilities.max_concurrency, thread_name_prefix="ask")

    def known(self) -> Reply | None:
        """What the cache has of it; None where that is nothing."""
        found = self._cache.get_many(self._keys)
        self.add({index: found[key] for index, key in enumerate(self._keys) if key in found})
        return self._reply(dict(self._answers), known=True) if self._answers else None

    def calls(self) -> list[Future[Reply]]:
        """Calls for the rest: as many of them as may be are under way, the others wait."""
        unknown = [same[0] for same in self._where.values() if same[0] not in self._answers]
        largest = self._witness.capabilities.max_batch
        batches = [unknown[start : start + largest] for start in range(0, len(unknown), largest)]
        return [self._pool.submit(self._call, batch) for batch in batches]

    def add(self, answers: Mapping[int, np.ndarray]) -> None:
        """Answers that arrived, by the probe's index."""
        self._answers.update(answers)
        while self.answered in self._answers:
            self.answered += 1

    def first(self, n: int) -> np.ndarray:
        """The answers to the first `n` probes, `(n, K)`."""
        classes = self._witness.capabilities.num_classes
        return np.stack([self._answers[index] for index in range(n)]) if n else np.empty((0, classes))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, batch: list[int]) -> Reply:
        keys = [self._keys[index] for index in batch]
        self._on_ask(self._witness.teacher.name, keys)
        answers = self._witness.teacher.query(self._images[batch])
        self._cache.put_many(dict(zip(keys, answers, strict=True)))
        found = {index: answer for key, answer in zip(keys, answers, strict=True) for index in self._where[key]}
        return self._reply(found, known=False)

    def _reply(self, answers: Mapping[int, np.ndarray], *, known: bool) -> Reply:
        keys = tuple(self._keys[index] for index in answers)
        return Reply(self._witness.teacher.name, answers, keys, known)


def _as_they_come(calls: Iterable[Future[Reply]], cancelled: threading.Event) -> Iterator[Future[Reply]]:
    """Through a queue: to wait for the first of thousands of futures looks at all of them each time."""
    done: SimpleQueue[Future[Reply]] = SimpleQueue()
    waiting = list(calls)
    for call in waiting:
        call.add_done_callback(done.put)
    for _ in waiting:
        yield _next(done, cancelled)


def _next(done: SimpleQueue[Future[Reply]], cancelled: threading.Event) -> Future[Reply]:
    while True:
        if cancelled.is_set():
            raise Cancelled
        try:
            return done.get(timeout=POLL)
        except Empty:
            continue
