"""The images a student takes: shape, and how pixels are normalised."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.config import InputSpec, validated
from core.errors import InputError

Preset = Literal["file", "guess", "none", "imagenet", "symmetric", "custom"]
PRESETS: dict[Preset, str] = {
    "file": "as the file says",
    "guess": "as is usual for this architecture",
    "none": "none, pixels in [0, 1]",
    "imagenet": "ImageNet's mean and standard deviation",
    "symmetric": "to [-1, 1]",
    "custom": "custom",
}
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
UNSAID = {"channels": 3, "height": 224, "width": 224}  # where the file says nothing


def input_form(known: InputSpec | None, *, guessed: bool, key: str) -> InputSpec | None:
    """Fields for an `InputSpec`, None while the normalisation is not chosen; raises `InputError`.

    Args:
        known: the fields' first values.
        guessed: these are what is usual for its architecture; else the checkpoint says them.
        key: tells one checkpoint's fields from another's.
    """
    source: Preset | None = None if known is None else "guess" if guessed else "file"
    for name, unsaid in UNSAID.items():
        st.session_state.setdefault(f"{key}_{name}", getattr(known, name) if known else unsaid)
    columns = st.columns([1, 1, 1, 2])
    channels = columns[0].selectbox(
        "Channels", [1, 3], key=f"{key}_channels", persist_state="session", help="1 for grey, 3 for colour images."
    )
    height, width = (
        column.number_input(
            name.capitalize(),
            min_value=8,
            max_value=1024,
            key=f"{key}_{name}",
            persist_state="session",
            help="Pixels, as the student was trained.",
        )
        for column, name in zip(columns[1:3], ("height", "width"), strict=True)
    )
    own = source if known and known.channels == channels else None
    offered = [preset for preset in PRESETS if _fits(preset, own, channels)]
    preset_key = f"{key}_normalisation"
    if st.session_state.setdefault(preset_key, source) not in offered:
        st.session_state[preset_key] = None
    preset = columns[3].selectbox(
        "Normalisation",
        offered,
        format_func=PRESETS.__getitem__,
        key=preset_key,
        persist_state="session",
        placeholder="Choose",
        help="What was done to pixels in [0, 1] before training: minus the mean, by the standard deviation. "
        "A wrong choice makes a good student look bad.",
    )
    if preset is None:
        return None
    if preset == "guess":
        st.caption(
            "Size and normalisation are a guess: what is usual for this architecture. Correct what you know better."
        )
    mean, std = _statistics(preset, known, channels, key)
    return validated(InputSpec, {"channels": channels, "height": height, "width": width, "mean": mean, "std": std})


def _fits(preset: Preset, own: Preset | None, channels: int) -> bool:
    if preset in ("file", "guess"):
        return preset == own
    return channels == 3 or preset != "imagenet"


def _statistics(
    preset: Preset, known: InputSpec | None, channels: int, key: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation, one a channel."""
    if preset in ("file", "guess") and known is not None:
        return known.mean, known.std
    if preset == "imagenet":
        return IMAGENET
    if preset == "custom":
        left, right = st.columns(2)
        with left:
            mean = _numbers("Mean", f"{key}_mean", known.mean if known else (0.0,) * channels)
        with right:
            std = _numbers("Standard deviation", f"{key}_std", known.std if known else (1.0,) * channels)
        return mean, std
    value = 0.0 if preset == "none" else 0.5
    return (value,) * channels, (1.0 if preset == "none" else 0.5,) * channels


def _numbers(label: str, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    st.session_state.setdefault(key, ", ".join(f"{value:g}" for value in default))
    text = st.text_input(
        label, key=key, persist_state="session", help="One number a channel, for pixels in [0, 1], parted by commas."
    )
    remedy = "give one number a channel, like 0.5, 0.5, 0.5"
    try:
        return tuple(float(part) for part in (text or "").split(","))
    except ValueError as error:
        raise InputError(f"the {label.lower()} is no list of numbers", actual=repr(text), remedy=remedy) from error
