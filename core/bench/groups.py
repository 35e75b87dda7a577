"""Groups of students that the report tells apart: by what taught them, and whether they have BatchNorm."""

from __future__ import annotations

from core.bench.grid import OTHERS, TIMM, TRANSFORMER
from core.bench.report import Named
from core.zoo.recipes import Recipe

SOFTENED, SOFTENED_WITHOUT, TIMM_WITHOUT = "kd_t4_t10", "kd_without", "kd_timm"
OWN = {"groupnet4": "kd_group_norm", "vit2": "kd_transformer"}  # groups by architecture
GROUPS: dict[str, Named] = {
    SOFTENED: Named(label="KD, T = 4 and 10", explanation="Taught by softened probabilities; with BatchNorm."),
    "kd_t1": Named(label="KD, T = 1", explanation="Taught by plain probabilities; with BatchNorm."),
    "rkd": Named(label="RKD", explanation="Taught distances and angles between embeddings; with BatchNorm."),
    "ofa": Named(label="OFA-KD", explanation="Stages taught by a teacher of another architecture; with BatchNorm."),
    "hard_labels": Named(label="Hard labels", explanation="Taught the teacher's first class alone; with BatchNorm."),
    "mixed": Named(
        label="Mixed",
        explanation="KD on strongly augmented images, after training on labels, or from two teachers; with BatchNorm.",
    ),
    SOFTENED_WITHOUT: Named(
        label="KD, no BatchNorm", explanation="KD at T = 4; the two groups of GroupNorm and transformers together."
    ),
    "kd_group_norm": Named(label="KD, GroupNorm", explanation="KD at T = 4; convolutions with GroupNorm."),
    "kd_transformer": Named(label="KD, transformer", explanation="KD at T = 4; a vision transformer."),
    "other_without": Named(label="Others, no BatchNorm", explanation="Other losses; no BatchNorm."),
    "all": Named(label="All distilled", explanation="Every student of the zoo's half that had a teacher."),
    TIMM_WITHOUT: Named(
        label="KD, timm, no BatchNorm",
        explanation="KD at T = 4; the next three groups together, which a zoo of their own holds.",
    ),
    "kd_vit_by_cnn": Named(
        label="KD, ViT (timm) from CNNs", explanation="KD at T = 4; a vision transformer that a CNN taught."
    ),
    "kd_vit_by_vit": Named(
        label="KD, ViT (timm) from a ViT",
        explanation="KD at T = 4; a vision transformer that another one taught, the only one among the candidates.",
    ),
    "kd_convnext": Named(
        label="KD, ConvNeXt-like", explanation="KD at T = 4; convolutions with LayerNorm, from CNNs and a transformer."
    ),
}


def groups_of(recipe: Recipe) -> tuple[str, ...]:
    """The groups that a student belongs to; none where nobody taught it."""
    if not recipe.teachers:
        return ()
    if recipe.architecture in TIMM:
        return (_by_timm(recipe), TIMM_WITHOUT)
    softened = recipe.lesson == "kd" and recipe.temperature > 1
    if recipe.architecture in OTHERS:
        return (SOFTENED_WITHOUT, OWN[recipe.architecture], "all") if softened else ("other_without", "all")
    if recipe.lesson == "kd":
        return (SOFTENED if softened else "kd_t1", "all")
    return (recipe.lesson if recipe.lesson in GROUPS else "mixed", "all")


def _by_timm(recipe: Recipe) -> str:
    if recipe.architecture == "convnext4":
        return "kd_convnext"
    return "kd_vit_by_vit" if recipe.teachers == (TRANSFORMER,) else "kd_vit_by_cnn"
