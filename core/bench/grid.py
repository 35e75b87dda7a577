"""The benchmark's zoos: which models they are made of, and how much is asked about them.

Whatever is chosen is chosen on the tuning half; whatever is claimed is measured on the held-out half. That
half has other seeds, one student architecture and one candidate that the tuning half lacks, and each family
of architectures and of losses is in both. The zoo of timm's architectures came later: its students without BatchNorm
are groups of their own, of candidates like the held-out half's. The small zoo is there to try the benchmark itself
in minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle, islice
from typing import Literal

from core.values import Effort
from core.zoo.recipes import LessonName, Recipe

Half = Literal["tuning", "held_out"]
HALVES: tuple[Half, ...] = ("tuning", "held_out")
Zoo = Literal["tuning", "held_out", "timm", "small"]
DATASETS = ("fashion_mnist", "fashion_colour")

CANDIDATE_EPOCHS = 2
STUDENT_EPOCHS, STUDENT_BATCH = 4, 64  # after fewer steps students have learned the task, but hardly their teacher
OTHERS = ("groupnet4", "vit2")  # student architectures without BatchNorm
TIMM = {"vit3": 2, "convnext4": 4}  # and timm's; every so many of their students learn from TRANSFORMER
TRANSFORMER = "vit4"
CONVOLUTIONAL = frozenset({"resnet14", "vgg7", "vgg9", "mobilenetv2", "densenet22", "wideresnet10", "shufflenet"})
WITHOUT_BATCHNORM = frozenset({*OTHERS, *TIMM})


@dataclass(frozen=True)
class Plan:
    """What a zoo has beside its distilled students, and how much is asked.

    Attributes:
        candidates: architectures, one model of each.
        batchnorm: architectures of students with BatchNorm.
        independent: students that nobody taught, all architectures in turn.
        timm: distilled students of each of timm's architectures, and a quarter as many that nobody taught.
        draws: of 100 probes, for each student and method.
        effort: of the methods.
    """

    candidates: tuple[str, ...]
    batchnorm: tuple[str, ...]
    seeds: tuple[int, ...]
    independent: int = 20
    timm: int = 0
    train_images: int = 30_000
    draws: int = 20
    effort: Effort = "standard"


PLANS: dict[Zoo, Plan] = {
    "tuning": Plan(
        ("resnet14", "vgg7", "mobilenetv2", "densenet22", "wideresnet10", "vit4", "shufflenet", "mixer4"),
        ("stridenet4", "resnet8s", "dwnet6"),
        seeds=(1, 2, 3),
    ),
    "held_out": Plan(
        ("resnet14", "vgg9", "mobilenetv2", "densenet22", "wideresnet10", "vit4", "shufflenet", "mixer4"),
        ("stridenet4", "resnet8s", "dwnet6", "preact8"),
        seeds=(4, 5, 6),
    ),
    "timm": Plan(
        ("resnet14", "vgg9", "mobilenetv2", "densenet22", "wideresnet10", "vit4", "shufflenet", "mixer4"),
        (),
        seeds=(8,),
        independent=0,
        timm=4,
    ),
    "small": Plan(
        ("resnet14", "mobilenetv2", "shufflenet", "mixer4"),
        ("stridenet4", "resnet8s"),
        seeds=(7,),
        independent=2,
        train_images=15_000,
        draws=4,
        effort="quick",
    ),
}

# (lesson, temperature) -> students with BatchNorm and without, by zoo. Of the full grid lesson x teacher x
# architecture x seed this is a fraction in which each teacher comes equally often, as far as numbers allow.
DISTILLED: dict[tuple[LessonName, float], dict[Zoo, tuple[int, int]]] = {
    ("kd", 4.0): {"tuning": (8, 8), "held_out": (8, 16), "small": (4, 2)},
    ("kd", 10.0): {"tuning": (4, 0), "held_out": (8, 0)},
    ("kd", 1.0): {"tuning": (8, 0), "held_out": (16, 2), "small": (1, 0)},
    ("rkd", 4.0): {"tuning": (8, 0), "held_out": (16, 2), "small": (1, 0)},
    ("ofa", 4.0): {"tuning": (8, 0), "held_out": (16, 2)},
    ("hard_labels", 4.0): {"tuning": (8, 0), "held_out": (16, 2), "small": (1, 0)},
    ("kd_augmented", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
    ("kd_pretrained", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
    ("kd_two_teachers", 4.0): {"tuning": (1, 0), "held_out": (4, 0)},
}


def zoo_recipes(zoo: Zoo) -> list[Recipe]:
    """Every model of a zoo, candidates first, then students, distilled ones before independent ones."""
    plan = PLANS[zoo]
    seeds = (1000 * base + number for number, base in zip(count(), cycle(plan.seeds)))
    candidates = [
        Recipe(name, "candidate", name, seed=next(seeds), epochs=CANDIDATE_EPOCHS) for name in plan.candidates
    ]
    return [*candidates, *_students(zoo, plan, seeds), *_timm_students(plan, seeds)]


def _students(zoo: Zoo, plan: Plan, seeds: Iterator[int]) -> Iterator[Recipe]:
    teachers = plan.candidates
    for offset, ((lesson, temperature), numbers) in enumerate(DISTILLED.items()):
        with_batchnorm, without = numbers.get(zoo, (0, 0))
        architectures = [
            *islice(cycle(plan.batchnorm), with_batchnorm),
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
    for number, architecture in enumerate(islice(cycle((*plan.batchnorm, *OTHERS)), plan.independent)):
        yield Recipe(
            f"independent-{number:02}",
            "student",
            architecture,
            seed=next(seeds),
            epochs=STUDENT_EPOCHS,
            batch=STUDENT_BATCH,
        )


def _timm_students(plan: Plan, seeds: Iterator[int]) -> Iterator[Recipe]:
    """KD at T = 4 from convolutional candidates in turn and from a vision transformer, then those of nobody."""
    for architecture, every in TIMM.items():
        convolutional = cycle(name for name in plan.candidates if name in CONVOLUTIONAL)
        student = partial(Recipe, role="student", architecture=architecture, epochs=STUDENT_EPOCHS, batch=STUDENT_BATCH)
        for number in range(plan.timm):
            teacher = TRANSFORMER if number % every == every - 1 else next(convolutional)
            name = f"kd-t4-{architecture}-{number:02}"
            yield student(name, seed=next(seeds), lesson="kd", teachers=(teacher,), temperature=4.0)
        for number in range(plan.timm // 4):
            yield student(f"independent-{architecture}-{number:02}", seed=next(seeds))
