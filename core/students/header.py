"""Read a safetensors header: names, shapes and types of its tensors, and its metadata. Free of torch.

The format: eight bytes, little-endian, give the length of the header; the header is a JSON object
that maps each name to `{"dtype", "shape", "data_offsets": [begin, end]}`, and `__metadata__` to
strings; the rest is data, covered by the tensors without gap or overlap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path

from core.errors import InputError
from core.students.files import display_name, require_file
from core.students.parts import check_shard, parts_of

SUFFIX = ".safetensors"
LENGTH_BYTES = 8
MAX_HEADER = 4 * 2**20  # bytes: room for 25,000 tensors

BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F8_E8M0"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}


@dataclass(frozen=True)
class TensorInfo:
    """What the header says of one tensor; `begin` and `end` are bytes into the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]


class _Malformed(Exception):
    """The reason why a header is not one."""


def read_header(path: Path) -> Header:
    """The header of a safetensors file, checked against the file's size; no tensor is read.

    Raises:
        InputError: no such file, no safetensors file, truncated, or a header that contradicts itself.
    """
    require_file(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if size < LENGTH_BYTES or length > MAX_HEADER:
            raise InputError(
                f"{display_name(path)} is no safetensors file",
                rule=f"a header of at most {MAX_HEADER:,} bytes",
                actual=f"a file of {size:,} bytes that announces {length:,}",
                remedy="choose a file that was saved as safetensors",
            )
        if LENGTH_BYTES + length > size:
            raise _truncated(path, needed=LENGTH_BYTES + length, size=size)
        text = file.read(length)
    try:
        header = _parse(text)
        end = _end_of_data(header.tensors)
    except _Malformed as reason:
        raise InputError(
            f"the safetensors header of {display_name(path)} is damaged",
            actual=str(reason),
            remedy="save the weights again with safetensors",
        ) from reason
    needed = LENGTH_BYTES + length + end
    if needed > size:
        raise _truncated(path, needed=needed, size=size)
    if needed < size:
        raise InputError(
            f"{display_name(path)} has bytes that belong to no tensor",
            rule=f"{needed:,} bytes",
            actual=f"{size:,}",
            remedy="save the weights again with safetensors",
        )
    return header


def read_headers(path: Path) -> Header | None:
    """The headers of a whole checkpoint as one: a file's, a folder's, or those of all shards; None of another format.

    Offsets are each into its own file.

    Raises:
        InputError: as of one file, or these are not what the index says.
    """
    parts = parts_of(path)
    if any(part.suffix.lower() != SUFFIX for part in parts):
        return None
    whole = Header({}, {})
    for part, named in parts.items():
        header = read_header(part)
        if named is not None:
            check_shard(part, named, header.tensors)
        whole = Header(whole.tensors | header.tensors, whole.metadata | header.metadata)
    return whole


def _truncated(path: Path, *, needed: int, size: int) -> InputError:
    return InputError(
        f"{display_name(path)} is truncated, or its header lies",
        rule=f"{needed:,} bytes",
        actual=f"{size:,}",
        remedy="copy or download the file again",
    )


def _parse(text: bytes) -> Header:
    try:
        entries = json.loads(text.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise _Malformed("it is not JSON") from error
    if not isinstance(entries, dict):
        raise _Malformed("it is no JSON object")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _Malformed("its metadata are not all strings")
    return Header({name: _tensor(name, entry) for name, entry in entries.items()}, metadata)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise _Malformed("it names something twice")
    return entries


def _tensor(name: str, entry: object) -> TensorInfo:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [begin, end]} if len(entry) == 3:
            numbers = [*shape, begin, end]
        case _:
            raise _Malformed(f"the entry of {name[:60]!r} is not a dtype, a shape and two offsets")
    if dtype not in BITS:
        raise _Malformed(f"{name[:60]!r} has the unknown type {dtype[:20]!r}")
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise _Malformed(f"the shape and offsets of {name[:60]!r} are not all natural numbers")
    if prod(shape) * BITS[dtype] != (end - begin) * 8:
        raise _Malformed(
            f"{name[:60]!r} of shape {str(shape)[:60]} and type {dtype} does not fill its {end - begin:,} bytes"
        )
    return TensorInfo(dtype, tuple(shape), begin, end)


def _end_of_data(tensors: dict[str, TensorInfo]) -> int:
    """Bytes of data; tensors must follow each other without gap or overlap."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if tensor.begin != end:
            raise _Malformed(f"{name[:60]!r} begins at byte {tensor.begin:,}, where {end:,} is next")
        end = tensor.end
    return end
