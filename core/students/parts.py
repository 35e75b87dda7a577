"""The files that a checkpoint is made of: one, the one of a folder, or the shards that an index names. Free of torch.

An index is Hugging Face's: `model.safetensors.index.json` holds `{"weight_map": {tensor: file}}`, and the files lie
beside it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path

from core.errors import InputError
from core.students.files import display_name, printable, require_file

INDEX = ".index.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the names that transformers and timm give
USUAL = tuple(name + ending for name in WEIGHTS for ending in ("", INDEX))  # in the order in which transformers looks
SHARD = re.compile(r"-\d{5}-of-\d{5}\.")  # in the name of a file that an index names
LARGEST = 4 * 2**20  # bytes of an index: room for 25,000 tensors
PIECE = 2**20  # bytes
SHOWN = 3  # names that an error gives


def is_index(path: Path) -> bool:
    """Whether a file is named like an index of shards."""
    return path.name.lower().endswith(INDEX)


def stands_alone(path: Path) -> bool:
    """Whether a file is named like a whole checkpoint: not like a shard, of which an index tells."""
    from core.students.programs import accepted_suffixes  # whose reader asks here

    return is_index(path) or (path.suffix.lower() in accepted_suffixes() and not SHARD.search(path.name))


def short_name(path: Path) -> str:
    """What to call a checkpoint in words: its display name without the ending, or a folder's name."""
    name = display_name(path)
    return name if path.is_dir() else Path(name.removesuffix(INDEX)).stem


def weights_file(path: Path) -> Path:
    """The file that is meant by `path`: itself, or the one in a folder that holds its weights, which may be an index.

    In a folder that is the first of the usual names; where there is none, the only one that ends like a checkpoint.

    Raises:
        InputError: there is no file with anything in it, or a folder holds none or several.
    """
    if path.is_dir():
        return _one_in(path)
    require_file(path)
    return path


def parts_of(path: Path) -> dict[Path, frozenset[str] | None]:
    """The files that hold a checkpoint's tensors, and the tensors that an index says are in each; None without one.

    Raises:
        InputError: there are none, or an index names what is no file in its folder.
    """
    file = weights_file(path)
    return dict(_shards(file)) if is_index(file) else {file: None}


def _shards(index: Path) -> dict[Path, frozenset[str]]:
    """The files beside an index that it names, in the order of their names, and the tensors that it says are in each.

    Raises:
        InputError: it is no index, or it names what is no file in its folder.
    """
    files: dict[str, set[str]] = {}
    for tensor, file in _weight_map(index).items():
        files.setdefault(file, set()).add(tensor)
    for file in files:
        _check_shard(index, file)
    return {index.with_name(file): frozenset(files[file]) for file in sorted(files)}


def check_shard(shard: Path, named: Collection[str], found: Collection[str]) -> None:
    """The tensors that an index says are in a shard are `found` there, and no others; raises `InputError`."""
    for what, odd in (
        ("lacks {} that its index names", [name for name in named if name not in found]),
        ("has {} that its index does not name there", [name for name in found if name not in named]),
    ):
        if odd:
            counted = f"{len(odd)} tensor{'s' if len(odd) > 1 else ''}"
            raise InputError(
                f"{display_name(shard)} {what.format(counted)}",
                actual=", ".join(printable(name)[:60] for name in sorted(odd)[:SHOWN]),
                remedy="download the index and all of its files again, from one place",
            )


def sha256_of(path: Path) -> str:
    """SHA-256 in hex of a checkpoint's bytes, read in pieces; raises `InputError` where there is none.

    Of shards it is that of one file after the other, in the order of their names by code point, which is what
    `cat *.safetensors | sha256sum` prints; the index itself says nothing that they do not.
    """
    digest = hashlib.sha256()
    for part in parts_of(path):
        with part.open("rb") as content:
            while piece := content.read(PIECE):
                digest.update(piece)
    return digest.hexdigest()


def stays_inside(path: Path, folder: Path) -> bool:
    """Whether a file of `folder` is really there, links followed.

    Hugging Face's cache keeps the files of `snapshots/<revision>` as links into `blobs` beside `snapshots`.
    """
    home = folder.resolve()
    allowed = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    try:
        return any(path.resolve().is_relative_to(one) for one in allowed)
    except (OSError, RuntimeError):  # a circle of links
        return False


def _one_in(folder: Path) -> Path:
    name = display_name(folder)
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file() or file.is_symlink())
    except OSError as error:
        what, remedy = f"the folder {name} cannot be opened", "check its path and its permissions"
        raise InputError(what, actual=type(error).__name__, remedy=remedy) from error
    usual = [folder / file for file in USUAL if folder / file in files]
    found = usual[:1] or [file for file in files if stands_alone(file)]
    if not found:
        what, rule = f"the folder {name} holds no weights", f"{', '.join(USUAL)}, or one file that ends like these"
        raise InputError(what, rule=rule, remedy="name the weights file itself")
    if len(found) > 1:
        raise InputError(
            f"the folder {name} holds {len(found)} files that may be its weights",
            rule="one",
            actual=", ".join(printable(file.name)[:60] for file in found[:SHOWN]),
            remedy="name the one that is meant",
        )
    (file,) = found
    if not stays_inside(file, folder):
        raise _outside(folder, file.name)
    require_file(file)
    return file


def _weight_map(index: Path) -> dict[str, str]:
    """Which file each tensor is in."""
    require_file(index)
    try:
        if index.stat().st_size > LARGEST:
            raise ValueError(f"more than {LARGEST:,} bytes")
        where = json.loads(index.read_bytes(), object_pairs_hook=_without_repeats)["weight_map"]
        if not where or not all(isinstance(file, str) for file in where.values()):
            raise ValueError("no file for each tensor")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{display_name(index)} is no index of shards",
            rule='{"weight_map": {tensor: file}}',
            actual=f"{type(error).__name__}: {printable(str(error))[:80]}",
            remedy="download it again, or name the weights file itself",
        ) from error
    return where


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name stands twice")
    return entries


def _check_shard(index: Path, file: str) -> None:
    """An index that came from elsewhere must not lead anywhere else."""
    plain = file.isprintable() and not {"/", "\\", ":"} & set(file) and file not in ("", ".", "..")
    if not plain or is_index(Path(file)) or not stays_inside(index.with_name(file), index.parent):
        raise _outside(index, file)
    require_file(index.with_name(file))


def _outside(asker: Path, file: str) -> InputError:
    return InputError(
        f"{display_name(asker)} leads out of its folder",
        rule="plain names of files in the same folder",
        actual=repr(printable(file)[:60]),
        remedy="put all files of the checkpoint into one folder",
    )
