"""safetensors: tensors and a JSON header, nothing that could run."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError

from core.errors import InputError
from core.students.files import display_name
from core.students.formats.base import Checkpoint, checkpoint_format
from core.students.header import LENGTH_BYTES, MAX_HEADER, SUFFIX, read_header


@checkpoint_format
class SafetensorsFormat:
    name = "safetensors"
    suffixes = (SUFFIX,)

    def matches(self, path: Path) -> bool:
        with path.open("rb") as file:
            start = file.read(LENGTH_BYTES + 1)
        return start[LENGTH_BYTES:] == b"{" and int.from_bytes(start[:LENGTH_BYTES], "little") <= MAX_HEADER

    def read(self, path: Path) -> Checkpoint:
        from safetensors.torch import load_file  # needs torch, which whoever lists formats does without

        header = read_header(path)
        try:
            return Checkpoint(load_file(path), header.metadata)
        except (SafetensorError, KeyError) as error:  # KeyError: a type that torch does not have
            raise InputError(
                f"{display_name(path)} cannot be read as safetensors",
                actual=str(error)[:200],
                remedy="save the weights again with safetensors",
            ) from error
