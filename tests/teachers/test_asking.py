"""Asking side by side: every answer once, in order, kept before it is reported, and given up when asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, TeacherError
from core.teachers.asking import CHUNK, Reply, Witness, ask
from core.teachers.base import Capabilities
from core.teachers.cache import AnswerCache
from core.teachers.purse import Purse

IMAGES = np.random.default_rng(0).integers(0, 256, (2 * CHUNK + 5, 1, 8, 8)).astype(np.uint8)


class Echo:
    """A teacher that answers an image's first pixel plus an offset of its own."""

    def __init__(self, name: str, offset: float = 0.0) -> None:
        self.name, self.offset = name, offset
        self.batches: list[int] = []
        self.fail_at: int | None = None  # the call that fails
        self.hold = threading.Event()
        self.hold.set()

    @property
    def sent(self) -> int:
        return sum(self.batches)

    def query(self, images: np.ndarray) -> np.ndarray:
        if self.fail_at == len(self.batches):
            raise TeacherError(f"{self.name} is gone", remedy="start it again")
        self.hold.wait(60)
        self.batches.append(len(images))
        first = images[:, 0, 0, 0].astype(float)
        return np.stack([first + self.offset, -first], axis=1)


def witness(teacher: Echo, *, max_batch: int = 16, max_concurrency: int = 1) -> Witness:
    capabilities = Capabilities(
        output="logits",
        num_classes=2,
        max_batch=max_batch,
        input_shape=None,
        identity=teacher.name,
        latency=0.01,
        trial=np.zeros((2, 2)),
        max_concurrency=max_concurrency,
    )
    return Witness(teacher, capabilities)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        yield cache


def interview(
    cache: AnswerCache,
    *witnesses: Witness,
    images: np.ndarray = IMAGES,
    on_reply=lambda reply: None,
    on_ask=lambda *asked: None,
    on_loss=lambda name, error: None,
    cancelled=None,
):
    told = {"on_ask": on_ask, "on_reply": on_reply, "on_loss": on_loss}
    return ask(witnesses, images, cache, cancelled=cancelled or threading.Event(), **told)


def test_answers_of_all_arrive_in_the_order_of_the_images(cache: AnswerCache) -> None:
    states = list(interview(cache, witness(Echo("a")), witness(Echo("b", 1000.0))))
    assert len(states[-1]["a"]) == len(IMAGES)
    assert all(state["a"].shape == state["b"].shape for state in states)
    first = IMAGES[:, 0, 0, 0].astype(float)
    np.testing.assert_array_equal(states[-1]["a"][:, 0], first)
    np.testing.assert_array_equal(states[-1]["b"][:, 0], first + 1000)


def test_those_so_far_are_told_chunk_by_chunk(cache: AnswerCache) -> None:
    states = list(interview(cache, witness(Echo("a"), max_batch=CHUNK)))
    assert [len(state["a"]) for state in states] == [CHUNK, 2 * CHUNK, len(IMAGES)]


def test_batches_keep_to_the_servers_limit(cache: AnswerCache) -> None:
    teacher = Echo("a")
    list(interview(cache, witness(teacher, max_batch=8)))
    assert max(teacher.batches) == 8
    assert teacher.sent == len(IMAGES)


def test_as_many_calls_at_a_time_as_the_candidate_allows(cache: AnswerCache) -> None:
    class Crowded(Echo):
        """Each call waits until as many are there as there may be at a time."""

        def __init__(self, at_once: int) -> None:
            super().__init__("a")
            self.barrier, self.now, self.most = threading.Barrier(at_once), 0, 0
            self.counting = threading.Lock()

        def query(self, images: np.ndarray) -> np.ndarray:
            with self.counting:
                self.now += 1
                self.most = max(self.most, self.now)
            self.barrier.wait(60)
            with self.counting:
                self.now -= 1
            return super().query(images)

    teacher = Crowded(at_once=3)
    last = list(interview(cache, witness(teacher, max_batch=5, max_concurrency=3)))[-1]
    assert teacher.most == 3
    np.testing.assert_array_equal(last["a"][:, 0], IMAGES[:, 0, 0, 0].astype(float))


def test_what_will_be_asked_is_told_before_it_is_asked(cache: AnswerCache) -> None:
    keys = [cache.key("a", image) for image in IMAGES]
    cache.put_many({keys[1]: np.array([7.0, 7.0])})
    teacher, told = Echo("a"), []
    list(interview(cache, witness(teacher), on_ask=lambda name, keys: told.append((name, list(keys), teacher.sent))))
    assert told[0] == ("a", [keys[0], *keys[2:17]], 0)  # none sent yet
    assert [key for _, some, _ in told for key in some] == [keys[0], *keys[2:]]
    told.clear()
    list(interview(cache, witness(Echo("a")), on_ask=lambda *asked: told.append(asked)))
    assert told == []


def test_what_is_known_is_not_asked_again_by_anybodys_run(cache: AnswerCache) -> None:
    once = list(interview(cache, witness(Echo("a"))))[-1]
    again, other = Echo("a"), Echo("b")
    replies: list[Reply] = []
    last = list(interview(cache, witness(again), witness(other), on_reply=replies.append))[-1]
    np.testing.assert_array_equal(last["a"], once["a"])
    assert (again.sent, other.sent) == (0, len(IMAGES))
    assert {(reply.candidate, reply.known) for reply in replies} == {("a", True), ("b", False)}


def test_an_answer_is_kept_before_it_is_reported(cache: AnswerCache) -> None:
    def check(reply: Reply) -> None:
        assert len(cache.get_many(reply.keys)) == len(reply.keys)

    list(interview(cache, witness(Echo("a")), on_reply=check))


def test_a_candidate_that_fails_is_left_out_and_loses_nothing(cache: AnswerCache) -> None:
    good, bad, lost = Echo("good"), Echo("bad"), []
    bad.fail_at = 1
    last = list(interview(cache, witness(good), witness(bad), on_loss=lambda *loss: lost.append(loss)))[-1]
    assert list(last) == ["good"]
    assert len(last["good"]) == len(IMAGES)
    assert [(name, str(error)) for name, error in lost] == [("bad", "bad is gone. Start it again.")]
    well = Echo("bad")
    assert set(list(interview(cache, witness(good), witness(well)))[-1]) == {"good", "bad"}
    assert (good.sent, well.sent) == (len(IMAGES), len(IMAGES) - 16)  # the first call was answered


def test_when_the_last_one_fails_its_error_is_raised(cache: AnswerCache) -> None:
    first, second, lost, cancelled = Echo("first"), Echo("second"), [], threading.Event()
    first.fail_at, second.fail_at = 0, 2
    with pytest.raises(TeacherError, match="second is gone"):
        list(
            interview(
                cache,
                witness(first),
                witness(second),
                on_loss=lambda name, error: lost.append(name),
                cancelled=cancelled,
            )
        )
    assert lost == ["first"]
    assert cancelled.is_set()
    well = Echo("second")
    list(interview(cache, witness(well)))
    assert well.sent == len(IMAGES) - 32


def test_a_budget_ends_the_asking_with_what_all_have_answered(cache: AnswerCache) -> None:
    class Poor(Echo):
        def query(self, images: np.ndarray) -> np.ndarray:
            purse.take(len(images))
            return super().query(images)

    purse, rich, poor, lost = Purse("poor", 20), Echo("rich"), Poor("poor"), []
    last = list(interview(cache, witness(rich), witness(poor), on_loss=lambda *loss: lost.append(loss)))[-1]
    assert {name: len(answers) for name, answers in last.items()} == {"rich": 16, "poor": 16}
    assert (poor.sent, lost) == (16, [])


def test_probes_that_are_the_same_are_asked_about_once(cache: AnswerCache) -> None:
    teacher, replies = Echo("a"), []
    images = IMAGES[[0, 1, 0, 2, 1, 0]]
    last = list(interview(cache, witness(teacher, max_batch=2), images=images, on_reply=replies.append))[-1]
    assert teacher.sent == 3
    assert sorted(index for reply in replies for index in reply.answers) == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(last["a"][:, 0], images[:, 0, 0, 0].astype(float))


def test_cancelling_does_not_wait_for_a_slow_answer(cache: AnswerCache) -> None:
    slow, cancelled = Echo("slow"), threading.Event()
    slow.hold.clear()
    threading.Timer(0.3, cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        list(interview(cache, witness(slow), cancelled=cancelled))
    assert time.monotonic() - started < 30  # the answer itself would have taken a minute
    slow.hold.set()
