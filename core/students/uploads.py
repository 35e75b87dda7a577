"""Checkpoints that come in through the app: uploads, and paths inside one allowed folder. Free of torch."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path, PurePath
from typing import BinaryIO

from core.errors import InputError
from core.students.files import name_note, printable, uploads_folder
from core.students.parts import USUAL, is_index, stands_alone, weights_file
from core.students.programs import accepted_suffixes
from core.workspace import checkpoints_folder

MAX_UPLOAD = 2 * 2**30  # bytes
CHUNK = 2**20  # bytes
NAME_LENGTH = 80


def store_upload(name: str, data: BinaryIO, *, limit: int = MAX_UPLOAD) -> Path:
    """Copy an upload into the workspace, under the hash of its content.

    Args:
        name: as the browser gives it; only ever shown, never part of a path but for its ending.
        data: a seekable binary file; read from its beginning, in pieces.
        limit: bytes that are too many once exceeded.

    Returns:
        `<workspace>/uploads/<sha256><ending>`, whole or not there at all.

    Raises:
        InputError: the ending is none of a checkpoint, or the file is empty or too big.
    """
    shown = _shown(name)
    suffix = _checked_suffix(PurePath(shown))
    folder = uploads_folder()
    data.seek(0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
            partial = Path(scratch) / "partial"
            stored = folder / f"{_copied(data, partial, limit=limit, shown=shown)}{suffix}"
            os.replace(partial, stored)
        name_note(stored).write_text(shown, encoding="utf-8")
    except OSError as error:
        what, remedy = f"{shown} could not be stored", f"check the free space and the permissions of {folder}"
        raise InputError(what, actual=error.strerror or type(error).__name__, remedy=remedy) from error
    return stored


def checkpoint_in_folder(text: str) -> Path:
    """The file, or the folder that holds one, that a user's path names inside the allowed folder; links resolved.

    Raises:
        InputError: it leads out of the folder, does not exist, or ends like no checkpoint.
    """
    folder = checkpoints_folder()
    shown = _shown(text)
    if not text.strip():
        raise InputError("no path was given", remedy=f"name a file inside {folder}")
    outside = InputError(
        f"{shown} is not inside the checkpoints folder", rule=f"a file inside {folder}", remedy="move it there"
    )
    if ".." in PurePath(text.replace("\\", "/")).parts:
        raise outside
    try:
        path = (folder / text.strip()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, or a NUL
        raise outside from error
    if not path.is_relative_to(folder.resolve()):
        raise outside
    if path.is_dir():
        weights_file(path)
    elif not path.is_file():
        raise InputError(f"there is no file {shown} in the checkpoints folder", remedy=f"look into {folder}")
    elif not is_index(path):
        _checked_suffix(path)
    return path


def list_checkpoints() -> list[Path]:
    """What `checkpoint_in_folder` accepts: paths relative to the allowed folder, sorted.

    A folder stands for weights of a usual name in it, and an index for its shards.
    """
    folder = checkpoints_folder().resolve()
    files = (path for path in folder.rglob("*") if stands_alone(path) and path.is_file())
    found = {
        path.parent if path.name in USUAL and path.parent != folder else path
        for path in files
        if path.resolve().is_relative_to(folder)
    }
    return sorted(path.relative_to(folder) for path in found)


def _copied(data: BinaryIO, target: Path, *, limit: int, shown: str) -> str:
    """Copy to `target`; the content's SHA-256 in hex."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := data.read(CHUNK):
            size += len(chunk)
            if size > limit:
                rule, remedy = f"at most {limit:,} bytes", f"put it into {checkpoints_folder()} and give its path"
                raise InputError(f"{shown} is too big to upload", rule=rule, remedy=remedy)
            digest.update(chunk)
            file.write(chunk)
    if not size:
        raise InputError(f"{shown} is empty", remedy="upload the weights file again")
    return digest.hexdigest()


def _checked_suffix(path: PurePath) -> str:
    suffix = path.suffix.lower()
    if suffix not in accepted_suffixes():
        rule, actual = f"one of {', '.join(accepted_suffixes())}", path.suffix or "no ending"
        remedy = "export the weights as safetensors"
        raise InputError(f"{path.name} does not end like a checkpoint", rule=rule, actual=actual, remedy=remedy)
    return suffix


def _shown(name: str) -> str:
    """The last part of a path, printable, and of a length that fits a page."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, suffix = printable(last).strip().rpartition(".")
    return f"{stem[: NAME_LENGTH - len(suffix) - 1]}{dot}{suffix}"[-NAME_LENGTH:] or "the file"
