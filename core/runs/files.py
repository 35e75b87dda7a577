"""Files that one process writes while others read them: whole or not at all, a line or none."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def replace(target: Path, data: bytes) -> None:
    """Write `target` so that readers find what it held before or all of `data`; its folder must exist."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        _patiently(lambda: os.replace(temporary, target))
    except OSError:
        temporary.unlink(missing_ok=True)  # on a full disk, half a file would only make it fuller
        raise


def read(path: Path) -> bytes:
    """What `replace` has written last."""
    return _patiently(path.read_bytes)


def append(path: Path, entry: dict[str, object]) -> None:
    """Add `entry` as a line of JSON."""
    with path.open("ab+") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")  # after a line that a kill cut short
        file.write(json.dumps(entry).encode() + b"\n")


def lines(path: Path) -> Iterator[dict[str, object]]:
    """The entries of `append` so far; one that is cut short, or still being written, is passed over."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.split("\n")[:-1]:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def _patiently(action: Callable[[], Result]) -> Result:
    """On Windows a file that somebody has open for a moment can be neither replaced nor, meanwhile, read."""
    for _ in range(20):
        try:
            return action()
        except PermissionError:
            time.sleep(0.05)
    return action()
