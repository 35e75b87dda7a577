"""What the settings of all synthesis methods have in common. Free of torch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from core.values import Effort, Frozen

Rule = Literal["none", "best_first", "confident_stable", "dark_knowledge", "balanced", "spread", "log_det"]
LOOKS = 6  # times a selection shows each image to the student: plain, in four shifts, mirrored; a third of a step each


class SelectionConfig(Frozen):
    """Which probes of a larger pool are kept, by what the student says of them."""

    rule: Rule = "none"
    pool_factor: int | None = Field(None, ge=1, le=100)  # images made for each that is kept, unless by "none"


class MethodConfig(Frozen):
    """What the settings of all methods have in common.

    Where they are None, the effort or the size of the student's images decides: see `at` and `sized`.
    """

    USUAL_POOL: ClassVar[int] = 2  # factor

    method: str
    selection: SelectionConfig = SelectionConfig()

    @model_serializer(mode="wrap")
    def _with_its_name(self, dump: SerializerFunctionWrapHandler):  # no return type: the schema is to be that of `dump`
        return {"method": self.method, **dump(self)}  # also where defaults are left out

    @property
    def num_steps(self) -> int:
        """Lines of its loss curve; 0 for images that are drawn, not optimised."""
        return 0

    @property
    def pool_factor(self) -> int:
        """How many images are made for each that is kept, about."""
        return 1 if self.selection.rule == "none" else self.selection.pool_factor or self.USUAL_POOL

    def pool(self, n: int) -> int:
        """Images made where `n` are wanted."""
        return n * self.pool_factor

    def passes(self, n: int) -> float:
        """Work until `n` probes are there, in images that go forward and backward through a small student, about."""
        return 0.0 if self.selection.rule == "none" else LOOKS / 3 * self.pool(n)

    def at(self, effort: Effort) -> Self:
        """These settings, with what they leave to the effort filled in."""
        return self

    def sized(self, pixels: int) -> Self:
        """These settings, with what they leave to the size of the images, in pixels, filled in."""
        return self

    def beneath(self, folder: Path) -> Self:
        """These settings, their relative paths taken from `folder`."""
        return self


class OptimisedConfig(MethodConfig):
    """What methods that optimise have in common."""

    STEPS: ClassVar[dict[Effort, int]]

    steps: int | None = Field(None, ge=1, le=100_000)  # None: by the effort
    batch: int = Field(64, ge=2, le=4096)  # images at a time; halved where memory runs out
    mix_probability: float = Field(0.4, ge=0, le=1)  # of a target being a mix of two classes

    @property
    def num_steps(self) -> int:
        return self.steps or self.STEPS["standard"]

    def at(self, effort: Effort) -> Self:
        return self.model_copy(update={"steps": self.steps or self.STEPS[effort]})
