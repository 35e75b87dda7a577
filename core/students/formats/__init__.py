"""Checkpoint formats: one file each, found here by being here.

Importing them needs no torch, so that pages know which files may be uploaded; reading does.
"""

from importlib import import_module
from pkgutil import iter_modules

from core.students.formats.base import CHECKPOINT_FORMATS, Checkpoint, read_checkpoint, suffixes

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["CHECKPOINT_FORMATS", "Checkpoint", "read_checkpoint", "suffixes"]
