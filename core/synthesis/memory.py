"""How many images a student can learn from at a time, by what it keeps of one for the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from core.devices import free_memory
from core.students.base import Student
from core.synthesis.forward import replaced_forward

ROOM = 3 << 29  # bytes for what is kept, at most: more images at a time are hardly faster, and other programs run too
SHARE = 0.5  # of the memory that is free, likewise
FEW = 8  # images, below which it pays to keep less of each


def fitting(student: Student, wanted: int) -> tuple[int, bool]:
    """Images at a time, `wanted` at most, and whether the student has to be `recomputed` for them.

    The student sees two white images to find out, unless its images are so small that all of them fit.
    """
    if wanted <= student.affordable_batch:
        return wanted, False
    room = min(ROOM, int(SHARE * free_memory(student.device)))
    for recompute in (False, True):
        with recomputed(student.module, recompute):
            batch = max(1, min(wanted, room // max(1, kept_bytes(student))))
        if batch >= min(wanted, FEW):
            break
    return batch, recompute


def kept_bytes(student: Student) -> int:
    """What is kept of one image between the way forward and the way back, in bytes, weights aside."""
    images = torch.ones(2, *student.shape, device=student.device, requires_grad=True)
    weights = {tensor.untyped_storage().data_ptr() for tensor in student.module.state_dict().values()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        student(images)
    return sum(kept.values()) // len(images)


@contextmanager
def recomputed(module: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside the block, the blocks of a network's sequences keep what entered them alone, and are run again on the way
    back (Chen et al., 2016): less memory, and a third more time."""
    with ExitStack() as stack:
        for part in list(_blocks(module)) if wanted else []:
            again = partial(checkpoint, part.forward, use_reentrant=False, preserve_rng_state=False)
            stack.enter_context(replaced_forward(part, again))
        yield


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """The members of the outermost sequences, single layers aside."""
    for child in module.children():
        if isinstance(child, (nn.Sequential, nn.ModuleList)):
            yield from (block for block in child if next(block.children(), None) is not None)
        else:
            yield from _blocks(child)
