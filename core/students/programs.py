"""Checkpoints that are programs: which kind a file is of, by its bytes and the names in its archive. Free of torch.

Whoever runs a program runs what its maker wrote. Nothing here unpacks one, and nothing of it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from core.errors import InputError
from core.students.archives import entries_of
from core.students.files import display_name
from core.students.formats import suffixes
from core.students.trust import require_trust

Kind = Literal["TorchScript", "torch.export", "AOTInductor", "ONNX"]

SUFFIX = ".pt2"  # torch.export's; TorchScript has no ending of its own
ZIP = b"PK\x03\x04"
INSTEAD = "export the model's state dict as safetensors"
# A message of protobuf starts with the number of its first field: ONNX writes ir_version, a small number, and then one
# of producer_name, producer_version, domain, model_version, doc_string, graph and opset_import.
IR_VERSION, IR_VERSIONS, NEXT_FIELDS = 0x08, range(1, 32), b"\x12\x1a\x22\x28\x32\x3a\x42"


def accepted_suffixes() -> tuple[str, ...]:
    """The endings of files that can be students: of weights, and of programs."""
    return (*suffixes(), SUFFIX)


def program_kind(path: Path) -> Kind | None:
    """Which program an existing file is; None for what is none.

    Raises:
        InputError: an archive is damaged, or a file is named like a program and is none.
    """
    with path.open("rb") as file:
        start = file.read(len(ZIP))
    kind = _kind_of_archive(path) if start == ZIP else "ONNX" if _is_onnx(path, start) else None
    if kind is None and path.suffix.lower() == SUFFIX:
        raise InputError(
            f"{display_name(path)} ends like a program of torch.export, and is none",
            remedy="copy the file again, or give it the ending of what it is",
        )
    return kind


def require_runnable(path: Path, kind: Kind, *, trusted: bool) -> None:
    """Raise `InputError` unless a program can be a student, and may run."""
    file = display_name(path)
    if kind == "ONNX":
        raise InputError(
            f"{file} is an ONNX model, which PyTorch cannot take gradients through",
            rule="weights, or a program of torch.export or TorchScript",
            remedy="export the PyTorch model that it was made from: its state dict, or with torch.export",
        )
    if kind == "AOTInductor":
        raise InputError(
            f"{file} holds machine code that torch.export's program was compiled to",
            rule="the program itself, or weights",
            remedy="save it with torch.export.save before it is compiled",
        )
    require_trust(f"{file} is a program of {kind}, not only weights", trusted=trusted, instead=INSTEAD)


def _kind_of_archive(path: Path) -> Kind | None:
    names = [member.filename for member in entries_of(path)]
    if any(name.endswith("/constants.pkl") for name in names):
        return "TorchScript"
    if any(name == "serialized_exported_program.json" or _is_exported(name) for name in names):  # until, since 2.8
        return "torch.export"
    return "AOTInductor" if any("/data/aotinductor/" in f"/{name}" for name in names) else None


def _is_exported(name: str) -> bool:
    """Whether a member is `<archive>/models/<model>.json`."""
    return name.endswith(".json") and Path(name).parent.name == "models"


def _is_onnx(path: Path, start: bytes) -> bool:
    written = len(start) > 2 and start[0] == IR_VERSION and start[1] in IR_VERSIONS and start[2] in NEXT_FIELDS
    return path.suffix.lower() == ".onnx" or (written and path.suffix.lower() not in suffixes())
