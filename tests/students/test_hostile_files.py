"""Files made to do harm: each is refused with the reason, and nothing of it runs, is unpacked or fills the memory."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from core.config import StudentConfig
from core.students.memory import ROOM
from tests.support.checkpoints import Faults, Make, write, zoo_module
from tests.support.formats import WAYS
from tests.support.hostile import MARKER, PICKLES, TOO_MUCH, leaves_a_marker, named
from tests.support.reading import Reader, reader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured, and bounded, on Linux")

FAULTS = Faults()
HUGE = 10 * 10**9  # bytes of a file with nothing in it
SPARE = 32 * 2**20  # bytes that reading any file may take


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    with reader() as one:
        yield one


# safetensors


def safetensors(folder: Path, header: object, data: bytes = b"", *, length: int | None = None) -> StudentConfig:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    start = (len(text) if length is None else length).to_bytes(8, "little")
    (folder / "s.safetensors").write_bytes(start + text + data)
    return named(folder / "s.safetensors")


FLOAT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@FAULTS.row("is no safetensors file", "announces 9,223,372,036,854,775,807")
def header_of_astronomical_length(folder: Path) -> StudentConfig:
    return safetensors(folder, {"w": FLOAT}, bytes(8), length=2**63 - 1)


@FAULTS.row("is truncated, or its header lies")
def header_longer_than_the_file(folder: Path) -> StudentConfig:
    return safetensors(folder, {"w": FLOAT}, bytes(8), length=10_000)


@FAULTS.row("is no safetensors file", "expected a header of at most 4,194,304 bytes")
def header_that_fills_the_file(folder: Path) -> StudentConfig:
    return safetensors(folder, b"{" + b'"a":0,' * 10_000_000 + b"}")


@FAULTS.row("is damaged", "where 8 is next")
def tensors_that_overlap(folder: Path) -> StudentConfig:
    return safetensors(folder, {"v": FLOAT, "w": FLOAT}, bytes(8))


@FAULTS.row("is truncated, or its header lies", "expected 4,0")
def tensors_beyond_the_end(folder: Path) -> StudentConfig:
    return safetensors(folder, {"w": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}, bytes(8))


@FAULTS.row("is damaged", "it names something twice")
def one_name_for_two_tensors(folder: Path) -> StudentConfig:
    entry = json.dumps(FLOAT)
    return safetensors(folder, f'{{"w": {entry}, "w": {entry}}}'.encode(), bytes(8))


@FAULTS.row("is damaged", "does not fill its 8 bytes")
def shape_whose_product_overflows(folder: Path) -> StudentConfig:
    return safetensors(folder, {"w": FLOAT | {"shape": [2**62, 4]}}, bytes(8))


# Large files with nothing in them


def hollow(path: Path, start: bytes = b"") -> StudentConfig:
    path.write_bytes(start)
    os.truncate(path, HUGE)
    return named(path)


@FAULTS.row("is no PyTorch file")
def hollow_pt(folder: Path) -> StudentConfig:
    return hollow(folder / "s.pt")


@FAULTS.row("is truncated or damaged", "got no whole archive")
def hollow_archive(folder: Path) -> StudentConfig:
    return hollow(folder / "s.ckpt", b"PK\3\4")


@FAULTS.row("cannot be read as plain weights")
def hollow_pickle(folder: Path) -> StudentConfig:
    return hollow(folder / "s.bin", b"\x80\x02")


@FAULTS.row("is damaged", "it is not JSON")
def hollow_safetensors(folder: Path) -> StudentConfig:
    return hollow(folder / "s.safetensors")


@FAULTS.row("has bytes that belong to no tensor", "got 10,000,000,000")
def hollow_behind_its_tensors(folder: Path) -> StudentConfig:
    return hollow(folder / "s.safetensors", save({"w": torch.zeros(2)}))


@FAULTS.row("is no zoo:convnet4")
def hollow_in_its_only_tensor(folder: Path) -> StudentConfig:
    numbers = HUGE - 8 - 80
    text = json.dumps({"w": {"dtype": "U8", "shape": [numbers], "data_offsets": [0, numbers]}}).encode().ljust(80)
    return hollow(folder / "s.safetensors", len(text).to_bytes(8, "little") + text)


@FAULTS.row("is no index of shards", "more than 4,194,304 bytes")
def hollow_index(folder: Path) -> StudentConfig:
    return hollow(folder / "model.safetensors.index.json", b"{")


# Links, and names that lead elsewhere


@FAULTS.row("leads out of its folder", "put all files of the checkpoint into one folder")
def weights_that_are_a_link_out_of_their_folder(folder: Path) -> StudentConfig:
    secret = write(folder.parent / "secret.safetensors", zoo_module().state_dict())
    (folder / "model.safetensors").symlink_to(secret)
    return named(folder)


@FAULTS.row("leads out of its folder", "got 'model-00002-of-00003.safetensors'")
def shard_that_is_a_link_out_of_its_folder(folder: Path) -> StudentConfig:
    index = WAYS["index"](zoo_module().state_dict(), folder)
    shard = folder / "model-00002-of-00003.safetensors"
    shard.rename(folder.parent / "secret.safetensors")
    shard.symlink_to(folder.parent / "secret.safetensors")
    return named(index)


def astray(name: str, shown: str) -> None:
    def index_that_leads_astray(folder: Path) -> StudentConfig:
        save_file({"w": torch.zeros(2)}, folder.parent / "x.safetensors")
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"w": name}}))
        return named(index)

    FAULTS.row("leads out of its folder", f"got {shown}")(index_that_leads_astray)


for name, shown in {
    "../x.safetensors": "'../x.safetensors'",
    "/etc/passwd": "'/etc/passwd'",
    "..\\x.safetensors": r"'..\\x.safetensors'",
    "C:x.safetensors": "'C:x.safetensors'",
    "sub/../../x.safetensors": "'sub/../../x.safetensors'",
    "..": "'..'",
    ".": "'.'",
    "": "''",
    "x\0.safetensors": "'x.safetensors'",
    "x\n\x1b[31m.safetensors": "'x[31m.safetensors'",
    "srotsnetefas\u202e.safetensors": "'srotsnetefas.safetensors'",
    "model.safetensors.index.json": "'model.safetensors.index.json'",
}.items():
    astray(name, shown)


# Texts that a reader must not take for the program's own


@FAULTS.row("<img src=x onerror=alert(1)>.safetensors does not exist")
def shard_named_like_markup(folder: Path) -> StudentConfig:
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": "<img src=x onerror=alert(1)>.safetensors"}}))
    return named(index)


@FAULTS.row("architecture '<b>zoo</b>\\u202e[x](javascript:1)\\x1b[2J' is unknown")
def architecture_named_like_markup(folder: Path) -> StudentConfig:
    name = "<b>zoo</b>\u202e[x](javascript:1)\x1b[2J"
    return StudentConfig(checkpoint=write(folder / "s.safetensors", zoo_module().state_dict(), architecture=name))


@FAULTS.row("has 3 tensors that zoo:convnet4 lacks", "<script>alert(1)</script>", r"'\x1b[31mred'", r"'\u202eeltit'")
def tensors_named_like_markup(folder: Path) -> StudentConfig:
    odd = dict.fromkeys(("<script>alert(1)</script>", "\x1b[31mred", "\u202eeltit"), torch.zeros(1))
    return named(write(folder / "s.safetensors", zoo_module().state_dict() | {k: v.clone() for k, v in odd.items()}))


@FAULTS.row("<b>b.pt is truncated or damaged")
def file_named_like_markup(folder: Path) -> StudentConfig:
    path = folder / "<b>\u202e\x1b\nb.pt"
    path.write_bytes(b"PK\3\4")
    return named(path)


@pytest.mark.parametrize(("make", "fragments"), [*PICKLES, *FAULTS])
def test_it_is_refused_and_does_nothing(tmp_path: Path, read: Reader, make: Make, fragments: tuple[str, ...]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    config = make(folder)
    before = sorted(tmp_path.rglob("*"))
    size = sum(path.lstat().st_blocks * 512 for path in before)

    found = read(config)

    assert [part for part in fragments if part.lower() not in found.refusal.lower()] == [], found.refusal
    assert found.refusal.isprintable() and len(found.refusal) < 600
    assert sorted(tmp_path.rglob("*")) == before
    assert found.grown <= 2 * size + SPARE + (TOO_MUCH in fragments) * ROOM
    assert found.read <= 2 * size + SPARE


def test_the_traps_work(tmp_path: Path) -> None:
    for call in leaves_a_marker(tmp_path / "in").values():
        pickle.loads(pickle.dumps(call))
        (tmp_path / MARKER).unlink()


def test_a_good_file_is_read_within_the_same_bounds(tmp_path: Path, read: Reader) -> None:
    torch.save(zoo_module().state_dict(), tmp_path / "s.pt")
    assert read(named(tmp_path / "s.pt")).refusal == ""


def test_settings_beside_weights_that_are_too_large_say_nothing(tmp_path: Path, read: Reader) -> None:
    write(tmp_path / "model.safetensors", zoo_module().state_dict())
    hollow(tmp_path / "config.json", b"{")
    found = read(named(tmp_path))
    assert found.refusal == "" and found.read < SPARE and found.grown < SPARE


def test_an_archive_without_records_for_large_numbers_is_read(tmp_path: Path, read: Reader) -> None:
    """torch.save writes these into every archive, other tools where numbers need them (APPNOTE.TXT, 4.3.14, 4.3.15)."""
    torch.save(zoo_module().state_dict(), tmp_path / "s.pt")
    content = (tmp_path / "s.pt").read_bytes()
    assert content[-98:-94] == b"PK\6\6"
    (tmp_path / "s.pt").write_bytes(content[:-98] + content[-22:])
    assert read(named(tmp_path / "s.pt")).refusal == ""
