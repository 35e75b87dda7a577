"""PyTorch's own format: a pickle, which may hold code, so only its restricted reader ever sees it.

Lightning's `.ckpt` is such a file too, whose weights are under `state_dict`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError
from core.students.archives import members_of
from core.students.files import display_name, printable
from core.students.formats.base import Checkpoint, checkpoint_format
from core.students.labels import class_names_in
from core.students.memory import bounded_memory

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
SETTINGS = "hyper_parameters"  # Lightning's, which may name the classes
EXPORT = "export the weights as safetensors"


@checkpoint_format
class TorchFormat:
    name = "PyTorch"
    suffixes = (".pt", ".pth", ".bin", ".ckpt")

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
            with bounded_memory(path.stat().st_size):
                content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle can fail in any way
            raise _unreadable(name, error) from error
        names = _class_names(content)
        return Checkpoint(_state_dict(name, content), {"class_names": json.dumps(names)} if names else {})


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(ZIP))


def _check_archive(path: Path) -> None:
    """Refuse what torch.save did not write."""
    name, members = display_name(path), [member.filename for member in members_of(path)]
    if any(member.endswith("/constants.pkl") for member in members):
        raise InputError(f"{name} is a TorchScript program", rule="a plain state dict", remedy=EXPORT)
    if not any(member.endswith("/data.pkl") for member in members):
        raise InputError(
            f"{name} is an archive of something else",
            rule="an archive as torch.save writes it",
            actual=", ".join(printable(member)[:60] for member in members[:3]) or "nothing in it",
            remedy="unpack it, and choose the checkpoint in it",
        )


def _unreadable(name: str, error: Exception) -> InputError:
    text = str(error)
    if code := re.search(r"GLOBAL ([\w.]+)", text):
        return InputError(
            f"{name} holds Python code or objects, not only weights; nothing of it was run",
            rule="a plain state dict",
            actual=f"a reference to {code[1][:80]}",
            remedy=f"{EXPORT} where you trust this file",
        )
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        what = f"{name} asks for far more memory than it has bytes"
        return InputError(what, rule="weights as they are", remedy=f"{EXPORT} where you trust this file")
    actual = f"{type(error).__name__} in PyTorch's weights-only reader"
    return InputError(
        f"{name} cannot be read as plain weights", actual=actual, remedy=f"{EXPORT}, or copy the file again"
    )


def _class_names(content: object) -> tuple[str, ...] | None:
    places = (content, content.get(SETTINGS)) if isinstance(content, Mapping) else ()
    found = (class_names_in(place) for place in places if isinstance(place, Mapping))
    return next((names for names in found if names), None)


def _state_dict(name: str, content: object) -> dict[str, torch.Tensor]:
    """The state dict that `content` is, or holds under a usual name."""
    if tensors := _tensors(content):
        return tensors
    if isinstance(content, Mapping):
        actual = f"a dictionary with {', '.join(repr(key)[:40] for key in list(content)[:3]) or 'nothing in it'}"
    else:
        actual = f"a {type(content).__name__}"
    rule = f"tensors by name, or these under {', '.join(map(repr, NESTED))}"
    raise InputError(f"{name} holds no state dict", rule=rule, actual=actual, remedy="save model.state_dict()")


def _tensors(content: object, *, deeper: int = 2) -> dict[str, torch.Tensor] | None:
    """Tensors by name: all of `content`, or what it has under a usual name, at most `deeper` levels down."""
    import torch

    if not isinstance(content, Mapping) or not content:
        return None
    if all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()):
        return dict(content)
    below = (content.get(key) for key in NESTED if deeper)
    return next((tensors for inner in below if (tensors := _tensors(inner, deeper=deeper - 1))), None)
