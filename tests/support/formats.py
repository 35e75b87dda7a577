"""One state dict, written in every way in which a checkpoint may be kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]
Writer = Callable[[Tensors, Path], Path]  # tensors and an empty folder to what names the checkpoint in it
SHARDS = 3
LIGHTNING = {
    "epoch": 3,
    "global_step": 300,
    "pytorch-lightning_version": "2.5.0",
    "hyper_parameters": {"lr": 0.1, "widths": [8, 16]},
    "optimizer_states": [{"state": {0: {"step": torch.tensor(300.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}],
    "lr_schedulers": [],
    "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": "", "best_model_score": None}},
}


def sharded(save: Callable[[Tensors, Path], object], name: str, tensors: Tensors, folder: Path) -> Path:
    """Files of a third of the tensors each, named as transformers does, and their index, which is returned."""
    stem, dot, ending = name.rpartition(".")
    where = {}
    for number in range(SHARDS):
        shard = dict(list(tensors.items())[number::SHARDS])
        file = f"{stem}-{number + 1:05}-of-{SHARDS:05}{dot}{ending}"
        save(shard, folder / file)
        where |= dict.fromkeys(shard, file)
    index = folder / f"{name}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": where}))
    return index


def _one_file(save: Callable[[Tensors, Path], object], name: str, tensors: Tensors, folder: Path) -> Path:
    save(tensors, folder / name)
    return folder / name


def _lightning(tensors: Tensors, path: Path) -> None:
    torch.save({"state_dict": tensors, **LIGHTNING}, path)


def _in_folder(write: Writer, tensors: Tensors, folder: Path) -> Path:
    """The folder itself, with what Hugging Face's hub keeps beside weights."""
    write(tensors, folder)
    (folder / "config.json").write_text('{"model_type": "resnet"}')
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder


_SAFETENSORS = partial(_one_file, save_file, "model.safetensors")
_BIN = partial(_one_file, torch.save, "pytorch_model.bin")
_SHARDS, _BIN_SHARDS = (
    partial(sharded, save_file, "model.safetensors"),
    partial(sharded, torch.save, "pytorch_model.bin"),
)
FILES: dict[str, Writer] = {
    "safetensors": _SAFETENSORS,
    "pt": partial(_one_file, torch.save, "weights.pt"),
    "pth": partial(_one_file, torch.save, "weights.pth"),
    "bin": _BIN,
    "pickle": partial(_one_file, partial(torch.save, _use_new_zipfile_serialization=False), "old.pt"),
    "ckpt": partial(_one_file, _lightning, "last.ckpt"),
}
WAYS: dict[str, Writer] = FILES | {
    "index": _SHARDS,
    "bin index": _BIN_SHARDS,
    "folder": partial(_in_folder, _SAFETENSORS),
    "bin folder": partial(_in_folder, _BIN),
    "folder of shards": partial(_in_folder, _SHARDS),
    "bin folder of shards": partial(_in_folder, _BIN_SHARDS),
    "folder of one file": partial(_in_folder, partial(_one_file, _lightning, "last.ckpt")),
}
