"""A bound on the memory that reading a file may take, since a few bytes of a pickle can ask for any amount."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ROOM = 128 * 2**20  # bytes for what else the process does meanwhile
_one_at_a_time = threading.Lock()  # the bound is the whole process's


@contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """Whatever would take twice `size` bytes and some room more than the process has now raises `MemoryError`.

    Only Linux counts what a process has of its own; elsewhere there is no bound.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # which Windows lacks

    with _one_at_a_time:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [_own_bytes() + 2 * size + ROOM, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _own_bytes() -> int:
    """What the kernel compares with the limit: pages that are private to this process and can be written."""
    with open("/proc/self/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmData"].split()[0]) * 1024
