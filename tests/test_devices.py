"""Devices: the choice, and what counts as a full memory. CUDA and MPS are played, since few machines have both."""

from __future__ import annotations

from contextlib import nullcontext

import psutil
import pytest
import torch

from core.devices import autocast, choose_device, limit_threads, out_of_memory
from core.errors import InputError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with these accelerators."""

    def make(*there: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)

    return make


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [
        ((), "auto", "cpu"),
        (("cuda",), "auto", "cuda"),
        (("mps",), "auto", "mps"),
        (("cuda", "mps"), "auto", "cuda"),
        (("cuda",), "cpu", "cpu"),
    ],
)
def test_the_best_device_is_chosen_unless_another_is_wanted(machine, there, wanted: str, chosen: str) -> None:
    machine(*there)
    assert choose_device(wanted) == chosen


def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine) -> None:
    machine("mps")
    with pytest.raises(InputError, match=r"no cuda device .*mps, cpu"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_a_full_memory_is_told_from_other_errors(error: RuntimeError, full: bool) -> None:
    assert out_of_memory(error) is full


@pytest.mark.skipif(not hasattr(psutil.Process, "cpu_affinity"), reason="this system has no CPU affinity")
def test_the_cpu_computes_in_full_precision_on_the_cores_it_may_use() -> None:
    assert isinstance(autocast("cpu"), nullcontext)
    before = torch.get_num_threads()
    try:
        limit_threads()
        assert torch.get_num_threads() == len(psutil.Process().cpu_affinity())
    finally:
        torch.set_num_threads(before)
