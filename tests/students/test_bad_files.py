"""Files that are no checkpoint, and what their owner is told."""

import os
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from core.config import StudentConfig
from tests.support.checkpoints import (
    Faults,
    Make,
    expect_fault,
    saved,
    write,
    written,
    zoo_module,
)

FAULTS = Faults()


@FAULTS.row(
    "holds Python code or objects, not only weights; nothing of it was run", "export the weights as safetensors"
)
def whole_module_pickled(folder: Path) -> StudentConfig:
    return saved(folder, zoo_module())


@FAULTS.row("is a program of TorchScript", "nothing of it was run", "export the model's state dict as safetensors")
def torchscript(folder: Path) -> StudentConfig:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, but its files are about
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), folder / "s.pt")
    return StudentConfig(checkpoint=folder / "s.pt")


@FAULTS.row("holds no state dict", "got a list", "save model.state_dict()")
def list_of_tensors(folder: Path) -> StudentConfig:
    return saved(folder, list(zoo_module().state_dict().values()))


@FAULTS.row("holds no state dict", "got a dictionary with 'epoch', 'lr'")
def training_log(folder: Path) -> StudentConfig:
    return saved(folder, {"epoch": 3, "lr": 0.1})


@FAULTS.row("holds no state dict", "a dictionary with nothing in it")
def empty_state_dict(folder: Path) -> StudentConfig:
    return saved(folder, {})


@FAULTS.row("is truncated, or its header lies", "copy or download the file again")
def truncated_safetensors(folder: Path) -> StudentConfig:
    whole = write(folder / "whole.safetensors", zoo_module().state_dict()).read_bytes()
    return written(folder, whole[:-100])


@FAULTS.row("is truncated or damaged", "copy or download the file again")
def truncated_pt(folder: Path) -> StudentConfig:
    whole = saved(folder, zoo_module().state_dict()).checkpoint
    return written(folder, whole.read_bytes()[:-1000], "half.pt")


@FAULTS.row("cannot be read as plain weights", "copy the file again")
def truncated_pickle(folder: Path) -> StudentConfig:
    torch.save(zoo_module().state_dict(), folder / "old.pt", _use_new_zipfile_serialization=False)
    return written(folder, (folder / "old.pt").read_bytes()[:2000], "half.pt")


@FAULTS.row("is empty", "got 0 bytes")
def empty_file(folder: Path) -> StudentConfig:
    return written(folder, b"")


@FAULTS.row("is no safetensors file", "choose a file that was saved as safetensors")
def text_named_safetensors(folder: Path) -> StudentConfig:
    return written(folder, b"version https://git-lfs.github.com/spec/v1\n")


@FAULTS.row("is no PyTorch file", "written by torch.save")
def text_named_pt(folder: Path) -> StudentConfig:
    return written(folder, b"version https://git-lfs.github.com/spec/v1\n", "s.pt")


@FAULTS.row("is named like a PyTorch file but holds safetensors", "rename it to end in .safetensors")
def safetensors_named_pt(folder: Path) -> StudentConfig:
    return StudentConfig(checkpoint=write(folder / "s.pt", zoo_module().state_dict()))


@FAULTS.row("is named like a safetensors file but holds PyTorch", "rename it to end in .pt")
def pt_named_safetensors(folder: Path) -> StudentConfig:
    return saved(folder, zoo_module().state_dict(), "s.safetensors")


@FAULTS.row("does not end like a checkpoint", ".safetensors, .pt, .pth, .bin, .ckpt", "got .h5")
def another_format(folder: Path) -> StudentConfig:
    return written(folder, b"\x89HDF\r\n\x1a\n", "s.h5")


@FAULTS.row("the folder s.safetensors holds no weights", "name the weights file itself")
def folder_named_like_a_file(folder: Path) -> StudentConfig:
    (folder / "s.safetensors").mkdir()
    return StudentConfig(checkpoint=folder / "s.safetensors")


@FAULTS.row("does not exist", "check its path")
def no_file(folder: Path) -> StudentConfig:
    return StudentConfig(checkpoint=folder / "none.safetensors")


@FAULTS.row("does not exist")
def link_to_nowhere(folder: Path) -> StudentConfig:
    (folder / "s.safetensors").symlink_to(folder / "gone.safetensors")
    return StudentConfig(checkpoint=folder / "s.safetensors")


@FAULTS.row("is no regular file")
def pipe(folder: Path) -> StudentConfig:
    os.mkfifo(folder / "s.safetensors")
    return StudentConfig(checkpoint=folder / "s.safetensors")


@pytest.mark.parametrize(("make", "fragments"), FAULTS)
def test_each_fault_has_its_message(tmp_path: Path, make: Make, fragments: tuple[str, ...]) -> None:
    expect_fault(make(tmp_path), fragments)
