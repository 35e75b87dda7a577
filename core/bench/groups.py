"""Groups of students that the report tells apart: by what taught them, and whether they have BatchNorm."""

from __future__ import annotations

from core.bench.grid import OTHERS
from core.bench.report import Named
from core.zoo.recipes import Recipe

GROUPS: dict[str, Named] = {
    "kd_t4_t10": Named(label="KD, T = 4 and 10", explanation="Taught by softened probabilities; with BatchNorm."),
    "kd_t1": Named(label="KD, T = 1", explanation="Taught by plain probabilities; with BatchNorm."),
    "rkd": Named(label="RKD", explanation="Taught distances and angles between embeddings; with BatchNorm."),
    "ofa": Named(label="OFA-KD", explanation="Stages taught by a teacher of another architecture; with BatchNorm."),
    "hard_labels": Named(label="Hard labels", explanation="Taught the teacher's first class alone; with BatchNorm."),
    "mixed": Named(
        label="Mixed",
        explanation="KD on strongly augmented images, after training on labels, or from two teachers; with BatchNorm.",
    ),
    "kd_without": Named(
        label="KD, no BatchNorm", explanation="KD at T = 4; the two groups of GroupNorm and transformers together."
    ),
    "kd_group_norm": Named(label="KD, GroupNorm", explanation="KD at T = 4; convolutions with GroupNorm."),
    "kd_transformer": Named(label="KD, transformer", explanation="KD at T = 4; a vision transformer."),
    "other_without": Named(label="Others, no BatchNorm", explanation="Other losses; no BatchNorm."),
    "all": Named(label="All distilled", explanation="Every student that had a teacher."),
}


def groups_of(recipe: Recipe) -> tuple[str, ...]:
    """The groups that a student counts in; none for one that nobody taught."""
    if not recipe.teachers:
        return ()
    softened = recipe.lesson == "kd" and recipe.temperature > 1
    if recipe.architecture in OTHERS:
        own = {"groupnet4": "kd_group_norm", "vit2": "kd_transformer"}
        return ("kd_without", own[recipe.architecture], "all") if softened else ("other_without", "all")
    if recipe.lesson == "kd":
        return ("kd_t4_t10" if softened else "kd_t1", "all")
    return (recipe.lesson if recipe.lesson in GROUPS else "mixed", "all")
