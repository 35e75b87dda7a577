"""Ask all candidates the same probes, side by side, and pay for no answer twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from core.errors import Cancelled
from core.teachers.base import Capabilities, Teacher
from core.teachers.cache import AnswerCache

CHUNK = 20  # probes, or as many as fit into a request, after which everyone has answered and the ranking is drawn anew


@dataclass(frozen=True)
class Witness:
    """A connected candidate."""

    teacher: Teacher
    capabilities: Capabilities


@dataclass(frozen=True)
class Reply:
    """Answers `(n, K)` of one candidate to the probes `start` and following."""

    candidate: str
    start: int
    answers: np.ndarray
    keys: tuple[str, ...]  # of each answer in the cache
    known: frozenset[str]  # those of them that were there already
    sent: int  # images sent to the candidate so far, since it was connected


def ask(
    witnesses: Sequence[Witness],
    images: np.ndarray,
    cache: AnswerCache,
    *,
    cancelled: threading.Event,
    on_ask: Callable[[str, Sequence[str]], None],
    on_reply: Callable[[Reply], None],
) -> Iterator[dict[str, np.ndarray]]:
    """All candidates' answers to uint8 `images` `(N, C, H, W)`, chunk after chunk.

    Each answer is in the cache before it is reported. Yields, after each chunk that all candidates have
    answered, their answers so far by name, each `(n, K)`.

    Args:
        on_ask: told a candidate's name and the keys of the answers that it is going to be asked for, in a thread
            of the candidate's own.

    Raises:
        TeacherError: a candidate failed; what had arrived is kept.
        Cancelled: `cancelled` was set; calls still under way are abandoned, as after a failure.
    """
    replies: dict[str, list[np.ndarray]] = {witness.teacher.name: [] for witness in witnesses}
    pool = ThreadPoolExecutor(max_workers=len(witnesses), thread_name_prefix="ask")
    try:
        size = max([CHUNK, *(witness.capabilities.max_batch for witness in witnesses)])
        for start in range(0, len(images), size):
            chunk = images[start : start + size]
            futures = [pool.submit(_answers, witness, chunk, start, cache, on_ask) for witness in witnesses]
            for reply in _as_they_come(futures, cancelled):
                replies[reply.candidate].append(reply.answers)
                on_reply(reply)
            yield {name: np.concatenate(parts) for name, parts in replies.items()}
    except BaseException:
        cancelled.set()  # nobody waits any more for the calls still under way
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _answers(
    witness: Witness, images: np.ndarray, start: int, cache: AnswerCache, on_ask: Callable[[str, Sequence[str]], None]
) -> Reply:
    """One candidate's answers, from the cache where it has them, the rest in batches as it allows."""
    keys = tuple(cache.key(witness.capabilities.identity, image) for image in images)
    answers = cache.get_many(keys)
    known = frozenset(answers)
    unknown = [index for index, key in enumerate(keys) if key not in known]
    if unknown:
        on_ask(witness.teacher.name, [keys[index] for index in unknown])
    largest = witness.capabilities.max_batch
    for batch in (unknown[i : i + largest] for i in range(0, len(unknown), largest)):
        fresh = dict(zip((keys[i] for i in batch), witness.teacher.query(images[batch]), strict=True))
        cache.put_many(fresh)
        answers |= fresh
    teacher = witness.teacher
    return Reply(teacher.name, start, np.stack([answers[key] for key in keys]), keys, known, teacher.sent)


def _as_they_come(futures: list[Future[Reply]], cancelled: threading.Event) -> Iterator[Reply]:
    waiting = set(futures)
    while waiting:
        if cancelled.is_set():
            raise Cancelled
        done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
