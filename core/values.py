"""What every configuration, event and result is made of."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Effort = Literal["quick", "standard", "thorough"]
Device = Literal["auto", "cpu", "cuda", "mps"]

MISLEADING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # a terminal or a reader takes them wrong


def _showable(text: str) -> str:
    if MISLEADING.search(text):
        raise ValueError("text must not hold control characters, nor those that turn its direction")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_showable)]
ClassName = Annotated[str, StringConstraints(max_length=1000)]  # a constrained string is no half of a surrogate pair


class Frozen(BaseModel):
    """A value: immutable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
