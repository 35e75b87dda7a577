"""Many jobs on few processes of one thread each."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

import torch

Job = TypeVar("Job", bound=tuple[object, ...])
Result = TypeVar("Result")


def side_by_side(work: Callable[..., Result], jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Result]]:
    """Each job with the result of `work(*job)`, as they are done; what raises there raises here.

    Stopping to iterate, by an exception too, gives up the jobs that have not begun.
    """
    if not jobs:
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        futures = {pool.submit(work, *job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
