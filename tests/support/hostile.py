"""Pickles and archives made to do harm, and what each is refused with."""

from __future__ import annotations

import argparse
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch

from core.config import StudentConfig
from tests.support.checkpoints import GREY, Faults, zoo_module

PICKLES = Faults()
CODE = "holds Python code or objects, not only weights; nothing of it was run"
TOO_MUCH = "asks for far more memory than it has bytes"
MARKER = "it ran"  # the file that code in a pickle would make


def named(path: Path) -> StudentConfig:
    """A student that is all told of but its weights."""
    return StudentConfig(checkpoint=path, architecture="zoo:convnet4", input=GREY)


# Pickles


class Call:
    """What a reader that runs code calls as it reads a pickle of this."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


def leaves_a_marker(folder: Path) -> dict[str, Call]:
    """Calls of which each makes a file beside `folder`, by their names."""
    marker = str(folder.parent / MARKER)
    code = f"open({marker!r}, 'w')"
    return {
        "system": Call(os.system, f"touch '{marker}'"),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "open": Call(open, marker, "w"),
    }


def trap(call: str, name: str, *, zipped: bool = True) -> None:
    def make(folder: Path) -> StudentConfig:
        content = {"state_dict": {"0.weight": torch.zeros(2)}, "hyper_parameters": leaves_a_marker(folder)[call]}
        torch.save(content, folder / name, _use_new_zipfile_serialization=zipped)
        return named(folder / name)

    make.__name__ = f"{call}_in_{name}"
    PICKLES.row(CODE, call, "export the weights as safetensors where you trust this file")(make)


for one in ("system", "eval", "exec", "open"):
    trap(one, "s.ckpt")
    trap(one, "s.pt", zipped=False)
trap("system", "s.pth")
trap("system", "pytorch_model.bin")


@PICKLES.row(CODE, "got a reference to argparse.Namespace", "export the weights as safetensors")
def hyper_parameters_of_a_class(folder: Path) -> StudentConfig:
    torch.save(
        {"state_dict": zoo_module().state_dict(), "hyper_parameters": argparse.Namespace(lr=1)}, folder / "s.ckpt"
    )
    return named(folder / "s.ckpt")


@PICKLES.row("cannot be read as plain weights")
def pickle_of_another_protocol(folder: Path) -> StudentConfig:
    (folder / "s.pt").write_bytes(pickle.dumps(leaves_a_marker(folder)["system"], protocol=5))
    return named(folder / "s.pt")


def pickled(folder: Path, instructions: bytes) -> StudentConfig:
    """An archive as torch.save's, whose pickle is made of `instructions`."""
    with zipfile.ZipFile(folder / "s.pt", "w") as archive:
        archive.writestr("s/data.pkl", b"\x80\x02" + instructions + b".")
        archive.writestr("s/version", "3\n")
    return named(folder / "s.pt")


@PICKLES.row(TOO_MUCH)
def pickle_that_asks_for_ten_billion_bytes(folder: Path) -> StudentConfig:
    return pickled(folder, b"cbuiltins\nbytearray\n\x8a\x05" + (10**10).to_bytes(5, "little") + b"\x85R")


@PICKLES.row(TOO_MUCH)
def pickle_that_asks_for_a_big_tensor(folder: Path) -> StudentConfig:
    return pickled(folder, b"ctorch\nTensor\n\x8a\x05" + (10**10).to_bytes(5, "little") + b"\x85R")


@PICKLES.row(TOO_MUCH)
def pickle_of_millions_of_dictionaries(folder: Path) -> StudentConfig:
    return pickled(folder, b"](" + b"}" * 5_000_000 + b"e")


# Archives


@PICKLES.row("is an archive of something else", "got inner.pt", "unpack it")
def archive_in_an_archive(folder: Path) -> StudentConfig:
    torch.save(zoo_module().state_dict(), folder / "inner.pt")
    with zipfile.ZipFile(folder / "s.pt", "w") as archive:
        archive.write(folder / "inner.pt", "inner.pt")
    return named(folder / "s.pt")


def bomb(path: Path, size: int) -> None:
    """A checkpoint of 25 numbers whose storage is `size` bytes of zeros, compressed."""
    torch.save({"w": torch.zeros(25)}, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(size) if name.endswith("/data/0") else content)


@PICKLES.row("is compressed", "expected an archive as torch.save writes it, got 314,57")
def archive_that_would_grow(folder: Path) -> StudentConfig:
    bomb(folder / "s.pt", 300 * 2**20)
    return named(folder / "s.pt")


@PICKLES.row("is no zoo:convnet4", "got w")  # only what it says of itself was unpacked
def archive_that_would_grow_and_lies(folder: Path) -> StudentConfig:
    bomb(folder / "s.pt", 300 * 2**20)
    truth, lie = (struct.pack("<L", size) for size in (300 * 2**20, 100))
    (folder / "s.pt").write_bytes((folder / "s.pt").read_bytes().replace(truth, lie))
    return named(folder / "s.pt")


@PICKLES.row("is compressed", "got 1,")
def members_that_overlap(folder: Path) -> StudentConfig:
    torch.save({"w": torch.zeros(250_000)}, folder / "s.pt")
    content = (folder / "s.pt").read_bytes()
    length, place = struct.unpack("<LL", content[-10:-2])
    entries = content[place : place + length]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 1000 * length, place, 0)
    (folder / "s.pt").write_bytes(content[:place] + entries * 1000 + end)
    return named(folder / "s.pt")


@PICKLES.row("has too many members", "expected a directory of at most 4,194,304 bytes, got 14,100,000")
def archive_of_many_members(folder: Path) -> StudentConfig:
    member = b"PK\3\4" + bytes(26)
    entry = struct.pack("<4s24xH16x", b"PK\1\2", 1) + b"s"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 300_000 * len(entry), len(member), 0)
    (folder / "s.pt").write_bytes(member + entry * 300_000 + end)
    return named(folder / "s.pt")


@PICKLES.row("is truncated or damaged", "got no whole archive")
def archive_of_two_directories(folder: Path) -> StudentConfig:
    """One reader takes that at the place which the end names, another that right before the end."""
    bomb(folder / "s.pt", 2**20)
    torch.save({}, folder / "t.pt")
    seen, hidden = (folder / "t.pt").read_bytes(), (folder / "s.pt").read_bytes()
    length, _ = struct.unpack("<LL", seen[-10:-2])
    _, place = struct.unpack("<LL", hidden[-10:-2])
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, length, place, 0)
    (folder / "s.pt").write_bytes(hidden + seen[-22 - length : -22] + end)
    return named(folder / "s.pt")


@PICKLES.row("is truncated or damaged", "got no whole archive")
def archive_whose_locator_leads_astray(folder: Path) -> StudentConfig:
    torch.save({}, folder / "s.pt")
    content = (folder / "s.pt").read_bytes()
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    (folder / "s.pt").write_bytes(content[:-22] + bytes(56) + locator + content[-22:])
    return named(folder / "s.pt")


@PICKLES.row("cannot be read as plain weights")
def archive_whose_members_lead_out(folder: Path) -> StudentConfig:
    with zipfile.ZipFile(folder / "s.pt", "w") as archive:
        for name in ("../../s/data.pkl", f"/{folder.parent}/{MARKER}"):
            archive.writestr(name, pickle.dumps({}, protocol=2))
    return named(folder / "s.pt")
