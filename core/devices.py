"""Which device an audit computes on, and what differs between devices: chosen and kept in one place."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import psutil
import torch

from core.errors import InputError
from core.values import Device


def choose_device(wanted: Device) -> str:
    """`wanted`, or for "auto" the best there is; raises `InputError` for one that is not there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, there in available.items() if there)
    if not available[wanted]:
        there = ", ".join(device for device, is_there in available.items() if is_there)
        raise InputError(f"this machine has no {wanted} device", rule=there, remedy='set device = "auto"')
    return wanted


def limit_threads() -> None:
    """Leave PyTorch the cores that this process may use, which in a container are fewer than it counts."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(usable)


def autocast(device: torch.device | str) -> AbstractContextManager[object]:
    """Half precision on CUDA, where it pays; nothing elsewhere."""
    if torch.device(device).type == "cuda":
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.autocast("cuda", dtype=dtype)
    return nullcontext()


def free_memory(device: torch.device | str) -> int:
    """Bytes that a device can still give; of the machine's where it shares them."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def out_of_memory(error: RuntimeError) -> bool:
    """Whether `error` says that the device's memory ran out; only CUDA has a class of its own for it."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "can't allocate memory" in text


def release_memory(device: torch.device | str) -> None:
    """Give cached blocks back, so that a smaller batch finds room."""
    match torch.device(device).type:
        case "cuda":
            torch.cuda.empty_cache()
        case "mps":
            torch.mps.empty_cache()
