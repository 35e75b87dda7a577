"""The benchmark's zoo: which models it is made of, in two halves.

Whatever is chosen is chosen on the tuning half; whatever is claimed is measured on the held-out half. That
half has other seeds, one student architecture and one candidate that the tuning half lacks, and each family
of architectures and of losses is in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle, islice
from typing import Literal

from core.zoo.recipes import LessonName, Recipe

Half = Literal["tuning", "held_out"]
HALVES: tuple[Half, ...] = ("tuning", "held_out")
DATASETS = ("fashion_mnist", "fashion_colour")

TRAIN_IMAGES = 30_000
CANDIDATE_EPOCHS = 2
STUDENT_EPOCHS, STUDENT_BATCH = 4, 64  # after fewer steps students have learned the task, but hardly their teacher

CANDIDATES: dict[Half, tuple[str, ...]] = {
    "tuning": ("resnet14", "vgg7", "mobilenetv2", "densenet22", "wideresnet10", "vit4", "shufflenet", "mixer4"),
    "held_out": ("resnet14", "vgg9", "mobilenetv2", "densenet22", "wideresnet10", "vit4", "shufflenet", "mixer4"),
}
BATCHNORM: dict[Half, tuple[str, ...]] = {
    "tuning": ("stridenet4", "resnet8s", "dwnet6"),
    "held_out": ("stridenet4", "resnet8s", "dwnet6", "preact8"),
}
OTHERS = ("groupnet4", "vit2")  # without BatchNorm
SEEDS: dict[Half, tuple[int, ...]] = {"tuning": (1, 2, 3), "held_out": (4, 5, 6)}

# (lesson, temperature) -> students with BatchNorm and without, by half. Of the full grid lesson x teacher x
# architecture x seed this is a fraction in which each teacher comes equally often, as far as numbers allow.
DISTILLED: dict[tuple[LessonName, float], dict[Half, tuple[int, int]]] = {
    ("kd", 4.0): {"tuning": (8, 8), "held_out": (8, 16)},
    ("kd", 10.0): {"tuning": (4, 0), "held_out": (8, 0)},
    ("kd", 1.0): {"tuning": (8, 0), "held_out": (16, 2)},
    ("rkd", 4.0): {"tuning": (8, 0), "held_out": (16, 2)},
    ("ofa", 4.0): {"tuning": (8, 0), "held_out": (16, 2)},
    ("hard_labels", 4.0): {"tuning": (8, 0), "held_out": (16, 2)},
    ("kd_augmented", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
    ("kd_pretrained", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
    ("kd_two_teachers", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
}
INDEPENDENT = 20  # students of each half, all architectures in turn


def zoo_recipes(half: Half) -> list[Recipe]:
    """Every model of a half, candidates first, then students, distilled ones before independent ones."""
    seeds = (1000 * base + number for number, base in zip(count(), cycle(SEEDS[half])))
    candidates = [
        Recipe(name, "candidate", name, seed=next(seeds), epochs=CANDIDATE_EPOCHS) for name in CANDIDATES[half]
    ]
    return [*candidates, *_students(half, seeds)]


def _students(half: Half, seeds: Iterator[int]) -> Iterator[Recipe]:
    teachers = CANDIDATES[half]
    for offset, ((lesson, temperature), numbers) in enumerate(DISTILLED.items()):
        with_batchnorm, without = numbers[half]
        architectures = [
            *islice(cycle(BATCHNORM[half]), with_batchnorm),
            *(OTHERS[number * len(OTHERS) // without] for number in range(without)),
        ]
        for number, architecture in enumerate(architectures):
            first = teachers[(number + offset) % len(teachers)]
            second = teachers[(number + offset + 3) % len(teachers)]
            yield Recipe(
                f"{lesson}-t{temperature:g}-{number:02}",
                "student",
                architecture,
                seed=next(seeds),
                epochs=STUDENT_EPOCHS,
                batch=STUDENT_BATCH,
                lesson=lesson,
                teachers=(first, second) if lesson == "kd_two_teachers" else (first,),
                temperature=temperature,
            )
    for number, architecture in enumerate(islice(cycle((*BATCHNORM[half], *OTHERS)), INDEPENDENT)):
        yield Recipe(
            f"independent-{number:02}",
            "student",
            architecture,
            seed=next(seeds),
            epochs=STUDENT_EPOCHS,
            batch=STUDENT_BATCH,
        )
