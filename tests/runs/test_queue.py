"""One running audit at a time; the others wait in the order in which they came."""

from __future__ import annotations

import os
import threading
import time

import pytest

from core.errors import Cancelled
from core.runs.folder import RunFolder, process_started
from core.runs.queue import place_in_line, turn
from core.runs.records import RunState
from core.zoo.demo import demo_config


def make_run(queued: float, status: str = "queued") -> RunFolder:
    folder = RunFolder.create(demo_config(), student_sha256="ab" * 32, versions={})
    pid = os.getpid()
    state = RunState(status=status, queued=queued, pid=pid, pid_started=process_started(pid), heartbeat=time.time())
    folder.write_state(state)
    return folder


def test_places_follow_the_time_of_queueing() -> None:
    third, first, second = make_run(30.0), make_run(10.0), make_run(20.0)
    assert [place_in_line(folder) for folder in (first, second, third)] == [0, 1, 2]


def test_a_running_run_comes_before_those_that_wait_and_ended_ones_do_not_count() -> None:
    running, waiting = make_run(50.0, "running"), make_run(10.0)
    make_run(5.0, "done")
    make_run(5.0, "cancelled")
    assert place_in_line(running) == 0
    assert place_in_line(waiting) == 1


def test_a_dead_run_gives_up_its_place() -> None:
    dead, waiting = make_run(10.0), make_run(20.0)
    dead.write_state(dead.state().model_copy(update={"pid_started": 1.0}))
    assert place_in_line(waiting) == 0


def test_turns_do_not_overlap() -> None:
    runs = [make_run(float(n)) for n in range(3)]
    held, order = threading.Lock(), []

    def work(folder: RunFolder) -> None:
        with turn(folder, lambda: None):
            assert held.acquire(blocking=False)
            order.append(runs.index(folder))
            time.sleep(0.05)
            held.release()
            folder.write_state(RunState(status="done"))

    threads = [threading.Thread(target=work, args=(folder,)) for folder in reversed(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert order == [0, 1, 2]


def test_waiting_can_be_given_up() -> None:
    make_run(1.0, "running")

    def give_up() -> None:
        raise Cancelled

    with pytest.raises(Cancelled), turn(make_run(2.0), give_up):
        pytest.fail("it was not this run's turn")
