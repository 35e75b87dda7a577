"""What every configuration, event and result is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Effort = Literal["quick", "standard", "thorough"]


class Frozen(BaseModel):
    """A value: immutable, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
