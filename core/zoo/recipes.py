"""What the demo zoo is made of: candidates, students distilled from them, and students of nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LessonName = Literal["labels", "kd", "kd_augmented", "kd_pretrained", "kd_two_teachers", "rkd", "ofa", "hard_labels"]


@dataclass(frozen=True)
class Recipe:
    """How one model is made; the same recipe, data and library versions give the same weights, up to rounding."""

    id: str
    role: Literal["candidate", "student"]
    architecture: str
    seed: int
    epochs: int
    lesson: LessonName = "labels"
    teachers: tuple[str, ...] = ()  # candidates it is distilled from; none for one that learns from labels alone
    temperature: float = 4.0
    batch: int = 128

    @property
    def loss(self) -> str:
        """In words, for the model card."""
        kd = f"KD, temperature {self.temperature:g}"
        return {
            "labels": "cross-entropy on labels",
            "kd": f"{kd}, 0.9 soft + 0.1 labels",
            "kd_augmented": f"{kd}, on strongly augmented images",
            "kd_pretrained": f"{kd}, after as many epochs on labels",
            "kd_two_teachers": f"{kd}, mean logits of two teachers",
            "rkd": "RKD, distances and angles, and labels",
            "ofa": "OFA-KD, three stages and the output, and labels",
            "hard_labels": "cross-entropy on the teacher's most probable class",
        }[self.lesson]


# Students have names that tell nothing, and none is of the family of its own teacher: a page that
# shows them must not give the answer away, and an audit must not be right by family likeness alone.
DEMO_RECIPES = (
    Recipe("resnet14", "candidate", "resnet14", seed=101, epochs=3),
    Recipe("vgg7", "candidate", "vgg7", seed=102, epochs=3),
    Recipe("mobilenetv2", "candidate", "mobilenetv2", seed=103, epochs=3),
    Recipe("densenet22", "candidate", "densenet22", seed=104, epochs=4),
    Recipe("wideresnet10", "candidate", "wideresnet10", seed=105, epochs=3),
    Recipe("vit4", "candidate", "vit4", seed=106, epochs=6),
    Recipe("amber", "student", "convnet4", seed=201, epochs=4, lesson="kd", teachers=("resnet14",)),
    Recipe("basil", "student", "resnet8", seed=202, epochs=4, lesson="kd", teachers=("vgg7",)),
    Recipe("coral", "student", "convnet4", seed=203, epochs=4, lesson="kd", teachers=("mobilenetv2",)),
    Recipe("dune", "student", "resnet8", seed=204, epochs=4, lesson="kd", teachers=("densenet22",)),
    Recipe("ember", "student", "convnet4", seed=205, epochs=4, lesson="kd", teachers=("wideresnet10",)),
    Recipe("fjord", "student", "resnet8", seed=206, epochs=4, lesson="kd", teachers=("vit4",)),
    Recipe("grove", "student", "convnet4", seed=207, epochs=4),
    Recipe("haze", "student", "resnet8", seed=208, epochs=4),
)
