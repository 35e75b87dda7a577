"""Versions of whatever can change a result, for manifests and reports. Reads metadata, imports nothing heavy."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import core

PACKAGES = ("torch", "torchvision", "numpy", "safetensors", "requests", "streamlit")


def versions() -> dict[str, str]:
    """Package name to version, Python and this project included; what is not installed is left out."""
    found = {"distillation-audit": core.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
