"""The protocol of a checkpoint format, the table of formats, and the choice among them. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.errors import InputError
from core.students.beside import said_beside
from core.students.files import display_name, printable
from core.students.parts import check_shard, parts_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, on the CPU, as the file has them; and what it and the files beside it say about them."""

    tensors: dict[str, torch.Tensor]
    metadata: dict[str, str]


class CheckpointFormat(Protocol):
    """A way to keep weights in a file."""

    name: str
    suffixes: tuple[str, ...]  # lower case, each with its dot

    def matches(self, path: Path) -> bool:
        """Whether the first bytes of an existing file are those of this format."""
        ...

    def read(self, path: Path) -> Checkpoint:
        """All tensors of an existing file, without running any code in it; raises `InputError`."""
        ...


CHECKPOINT_FORMATS: dict[str, CheckpointFormat] = {}
Format = TypeVar("Format", bound=CheckpointFormat)


def checkpoint_format(kind: type[Format]) -> type[Format]:
    """Register a format under its name."""
    CHECKPOINT_FORMATS[kind.name] = kind()
    return kind


def suffixes() -> tuple[str, ...]:
    """The endings of the files that can be read."""
    return tuple(suffix for known in CHECKPOINT_FORMATS.values() for suffix in known.suffixes)


def read_checkpoint(path: Path) -> Checkpoint:
    """The tensors of a file, of a folder's weights, or of all the shards that an index names.

    Each file is read in the format that its ending names and its first bytes confirm.

    Raises:
        InputError: there is no such file, it is of no known format, or it is damaged.
    """
    tensors: dict[str, torch.Tensor] = {}
    metadata = said_beside(path)
    for file, named in parts_of(path).items():
        part = _read(file)
        if named is not None:
            check_shard(file, named, part.tensors)
        tensors |= part.tensors
        metadata |= part.metadata
    return Checkpoint(tensors, metadata)


def _read(path: Path) -> Checkpoint:
    named = next((known for known in CHECKPOINT_FORMATS.values() if path.suffix.lower() in known.suffixes), None)
    if named is None:
        raise InputError(
            f"{display_name(path)} does not end like a checkpoint",
            rule=f"one of {', '.join(suffixes())}",
            actual=printable(path.suffix) or "no ending",
            remedy="export the weights as safetensors",
        )
    found = [known for known in CHECKPOINT_FORMATS.values() if known.matches(path)]
    if found and named not in found:
        raise InputError(
            f"{display_name(path)} is named like a {named.name} file but holds {found[0].name}",
            remedy=f"rename it to end in {found[0].suffixes[0]}",
        )
    return named.read(path)
