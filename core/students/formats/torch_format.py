"""PyTorch's own format: a pickle, which may hold code, so only its restricted reader ever sees it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError
from core.students.files import display_name
from core.students.formats.base import Checkpoint, checkpoint_format
from core.students.labels import class_names_in

if TYPE_CHECKING:
    import torch

ZIP, PICKLE = b"PK\x03\x04", b"\x80"  # how torch.save's files start, since and before PyTorch 1.6
NESTED = (  # where training scripts keep the weights; the average over training last, as it may be of a part of them
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
    "ema",
    "ema_state_dict",
    "model_ema",
    "state_dict_ema",
)
EXPORT = "export the weights as safetensors"


@checkpoint_format
class TorchFormat:
    name = "PyTorch"
    suffixes = (".pt", ".pth", ".bin")

    def matches(self, path: Path) -> bool:
        return _start(path).startswith((ZIP, PICKLE))

    def read(self, path: Path) -> Checkpoint:
        import torch  # whoever lists formats does without

        name = display_name(path)
        if not self.matches(path):
            raise InputError(f"{name} is no PyTorch file", remedy="choose a file written by torch.save")
        if _start(path) == ZIP:
            _check_archive(path)
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle can fail in any way
            raise _unreadable(name, error) from error
        names = class_names_in(content) if isinstance(content, Mapping) else None
        return Checkpoint(_state_dict(name, content), {"class_names": json.dumps(names)} if names else {})


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(ZIP))


def _check_archive(path: Path) -> None:
    """Refuse what torch.save did not write: it stores without compressing, so what would grow when read is a bomb."""
    name = display_name(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        remedy = "copy or download the file again"
        raise InputError(f"{name} is truncated or damaged", actual="no whole archive", remedy=remedy) from error
    if any(member.filename.endswith("/constants.pkl") for member in members):
        raise InputError(f"{name} is a TorchScript program", rule="a plain state dict", remedy=EXPORT)
    grown = sum(member.file_size for member in members)
    if grown > path.stat().st_size:
        rule, actual = "an archive as torch.save writes it", f"{grown:,} bytes in {path.stat().st_size:,}"
        raise InputError(f"{name} is compressed", rule=rule, actual=actual, remedy=EXPORT)


def _unreadable(name: str, error: Exception) -> InputError:
    text = str(error)
    if code := re.search(r"GLOBAL ([\w.]+)", text):
        return InputError(
            f"{name} holds Python code or objects, not only weights; nothing of it was run",
            rule="a plain state dict",
            actual=f"a reference to {code[1][:80]}",
            remedy=EXPORT,
        )
    actual = f"{type(error).__name__} in PyTorch's weights-only reader"
    return InputError(
        f"{name} cannot be read as plain weights", actual=actual, remedy=f"{EXPORT}, or copy the file again"
    )


def _state_dict(name: str, content: object) -> dict[str, torch.Tensor]:
    """The state dict that `content` is, or holds under a usual name."""
    if tensors := _tensors(content):
        return tensors
    if isinstance(content, Mapping):
        for key in NESTED:
            inner = content.get(key)
            innermost = inner.get("state_dict") if isinstance(inner, Mapping) else None
            if tensors := _tensors(inner) or _tensors(innermost):
                return tensors
        actual = f"a dictionary with {', '.join(repr(key)[:40] for key in list(content)[:3]) or 'nothing in it'}"
    else:
        actual = f"a {type(content).__name__}"
    rule = f"tensors by name, or these under {', '.join(map(repr, NESTED))}"
    raise InputError(f"{name} holds no state dict", rule=rule, actual=actual, remedy="save model.state_dict()")


def _tensors(content: object) -> dict[str, torch.Tensor] | None:
    import torch

    if not isinstance(content, Mapping) or not content:
        return None
    plain = all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items())
    return dict(content) if plain else None
