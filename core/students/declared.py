"""What a checkpoint says about itself in its metadata, and how that completes a configuration. Free of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.config import OWN, StudentConfig, validated
from core.errors import InputError
from core.students.files import display_name

FIELDS = ("architecture", "num_classes", "input", "class_names")  # metadata keys: the fields of `StudentConfig`


def completed(config: StudentConfig, metadata: Mapping[str, str]) -> StudentConfig:
    """`config` with what it leaves None taken from the file, where the file says it.

    Raises:
        InputError: a field that is needed from the metadata cannot be read there.
    """
    missing = [field for field in FIELDS if getattr(config, field) is None and field in metadata]
    return config.model_copy(update={field: _declared(config, metadata, field) for field in missing})


def recognised(config: StudentConfig, metadata: Mapping[str, str]) -> StudentConfig:
    """Like `completed`, for a first look: what cannot be read stays None."""
    for field in FIELDS:
        if field in metadata:
            try:
                config = completed(config, {field: metadata[field]})
            except InputError:
                continue
    return config


def _declared(config: StudentConfig, metadata: Mapping[str, str], field: str) -> object:
    text = metadata[field]
    try:
        value = _name(text) if field == "architecture" else json.loads(text, parse_constant=_refuse)
        return getattr(validated(StudentConfig, {"checkpoint": config.checkpoint, field: value}), field)
    except (ValueError, RecursionError, InputError) as error:
        raise InputError(
            f"the metadata of {display_name(config.checkpoint)} has an unusable {field!r}",
            actual=error.what if isinstance(error, InputError) else repr(text[:60]),
            remedy=f"set the student's {field}",
        ) from error


def _name(architecture: str) -> str:
    """As it stands: a checkpoint that came from elsewhere may not say which code is to run."""
    if architecture.startswith(OWN):
        raise ValueError("a file of code is named by whoever audits")
    return architecture


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number")
