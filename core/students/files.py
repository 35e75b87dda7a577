"""Checkpoint files on disk: are they there, what do people call them. Free of torch."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from core.workspace import workspace


def uploads_folder() -> Path:
    """Where uploaded checkpoints are kept, named by their content."""
    return workspace() / "uploads"


def name_note(upload: Path) -> Path:
    """The small file beside an upload that keeps the name it was uploaded under."""
    return upload.with_suffix(".name")


def display_name(path: Path) -> str:
    """What to call a checkpoint in words: an upload goes by the name its owner gave it."""
    if path.parent == uploads_folder() and name_note(path).is_file():
        return name_note(path).read_text(encoding="utf-8")
    return printable(path.name or path.absolute().name)


def printable(text: str) -> str:
    """`text` without control and direction characters, which could mislead a reader."""
    return "".join(character for character in text if character.isprintable())


def require_file(path: Path) -> None:
    """Raise `InputError` unless `path` is a readable regular file with something in it."""
    name = display_name(path)
    try:
        if path.is_dir():
            raise InputError(
                f"checkpoint {name} is a folder", rule="one file", remedy="name the weights file inside it"
            )
        if not path.exists():
            raise InputError(f"checkpoint {name} does not exist", remedy="check its path")
        if not path.is_file():  # opening a pipe or a device could wait for ever
            raise InputError(f"checkpoint {name} is no regular file", remedy="name a file on disk")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        remedy = "check its path and its permissions"
        raise InputError(f"checkpoint {name} cannot be opened", actual=type(error).__name__, remedy=remedy) from error
    if empty:
        raise InputError(f"checkpoint {name} is empty", actual="0 bytes", remedy="copy or download the file again")
