"""Audits of what `make_zoo` made, as files: `python -m core audit iris.toml`."""

from __future__ import annotations

from pathlib import Path

from core.runs import files
from core.zoo.imagenet.weights import CANDIDATES, MOBILENET_ID

PROBES = 50
_HEAD = """\
# Was {student} distilled from one of these? Made by: python -m core zoo imagenet
name = "ImageNet: {student}"
probes = {probes}

[student]
checkpoint = "{checkpoint}"
"""
_CANDIDATE = """
[[candidates]]
name = "{name}"
protocol = "local"
checkpoint = "candidates/{name}.safetensors"
size = [{height}, {width}] # what it was trained on
"""


def audit_file(folder: Path, student: str) -> Path:
    """The audit of a student, or of the network as published, in the folder of the zoo."""
    return folder / f"{student}.toml"


def write_audit(folder: Path, student: str) -> None:
    """Against all candidates, each asked in its own size of images."""
    where = "published" if student == MOBILENET_ID else "students"
    text = _HEAD.format(student=student, probes=PROBES, checkpoint=f"{where}/{student}.safetensors")
    for name, published in CANDIDATES.items():
        text += _CANDIDATE.format(name=name, height=published.input.height, width=published.input.width)
    files.replace(audit_file(folder, student), text.encode())
