"""The benchmark's zoo is what its description promises."""

from __future__ import annotations

from collections import Counter

import pytest

from core.bench.grid import HALVES, OTHERS, PLANS, TIMM, Half, zoo_recipes
from core.bench.groups import GROUPS, groups_of
from core.zoo.architectures import ARCHITECTURES
from core.zoo.recipes import Recipe


def students(half: Half) -> list[Recipe]:
    return [recipe for recipe in zoo_recipes(half) if recipe.role == "student"]


@pytest.mark.parametrize("half", HALVES)
class TestHalf:
    def test_candidates_come_first_and_every_teacher_is_one(self, half: Half) -> None:
        recipes = zoo_recipes(half)
        number = len(PLANS[half].candidates)
        assert {recipe.role for recipe in recipes[:number]} == {"candidate"}
        assert {recipe.role for recipe in recipes[number:]} == {"student"}
        assert {teacher for recipe in recipes for teacher in recipe.teachers} == set(PLANS[half].candidates)
        assert len(PLANS[half].candidates) >= 8

    def test_no_id_and_no_seed_comes_twice(self, half: Half) -> None:
        recipes = zoo_recipes(half)
        assert len({recipe.id for recipe in recipes}) == len({recipe.seed for recipe in recipes}) == len(recipes)

    def test_teachers_are_balanced(self, half: Half) -> None:
        times = Counter(recipe.teachers[0] for recipe in students(half) if recipe.teachers)
        assert max(times.values()) - min(times.values()) <= 1

    def test_there_are_independent_students_of_every_architecture(self, half: Half) -> None:
        independent = {recipe.architecture for recipe in students(half) if not recipe.teachers}
        assert independent == {recipe.architecture for recipe in students(half)}

    def test_no_student_has_the_architecture_of_a_candidate(self, half: Half) -> None:
        assert not {recipe.architecture for recipe in students(half)} & set(PLANS[half].candidates)


def test_the_halves_share_no_seed() -> None:
    tuning, held_out = ({recipe.seed for recipe in zoo_recipes(half)} for half in HALVES)
    assert not tuning & held_out


def test_the_held_out_half_has_a_student_architecture_and_a_candidate_of_its_own_but_no_family() -> None:
    tuning, held_out = ({recipe.architecture for recipe in students(half)} for half in HALVES)
    assert held_out - tuning and not tuning - held_out
    assert set(PLANS["held_out"].candidates) - set(PLANS["tuning"].candidates)

    def families(half: Half) -> set[str]:
        return {ARCHITECTURES[recipe.architecture].family for recipe in zoo_recipes(half)}

    assert families("tuning") == families("held_out")
    assert {r.lesson for r in students("tuning")} == {r.lesson for r in students("held_out")}


def test_the_held_out_half_has_students_enough_for_each_claim() -> None:
    batchnorm = [recipe for recipe in students("held_out") if recipe.architecture not in OTHERS]
    others = [recipe for recipe in students("held_out") if recipe.architecture in OTHERS]

    def number(recipes: list[Recipe], lesson: str, *temperatures: float) -> int:
        return sum(r.lesson == lesson and (not temperatures or r.temperature in temperatures) for r in recipes)

    assert number(batchnorm, "kd", 4, 10) >= 15
    assert number(batchnorm, "kd", 1) >= 15
    assert all(number(batchnorm, lesson) >= 15 for lesson in ("rkd", "ofa", "hard_labels"))
    assert number(others, "kd", 4) >= 15


def test_timms_zoo_has_the_held_out_candidates_and_students_of_cnns_and_of_a_transformer() -> None:
    timm = zoo_recipes("timm")
    assert PLANS["timm"].candidates == PLANS["held_out"].candidates
    assert not {r.seed for r in timm} & {r.seed for half in HALVES for r in zoo_recipes(half)}
    taught = [r for r in timm if r.teachers]
    groups = Counter(name for r in taught for name in groups_of(r))
    assert groups["kd_timm"] == len(taught)
    assert min(groups[name] for name in ("kd_vit_by_cnn", "kd_vit_by_vit")) >= 2 and groups["kd_convnext"] >= 4
    assert not {name for r in taught for name in groups_of(r)} & {"all", "kd_without"}
    independent = {r.architecture for r in timm if r.role == "student" and not r.teachers}
    assert independent == {r.architecture for r in taught} == set(TIMM)


def test_the_small_zoo_has_a_student_of_each_teacher_and_of_several_lessons_and_no_seed_of_the_halves() -> None:
    small = zoo_recipes("small")
    assert {r.teachers[0] for r in small if r.teachers} == set(PLANS["small"].candidates)
    assert {"kd", "rkd", "hard_labels", "labels"} <= {r.lesson for r in small}
    assert not {r.seed for r in small} & {r.seed for half in HALVES for r in zoo_recipes(half)}


@pytest.mark.parametrize("half", HALVES)
def test_every_taught_student_is_in_all_and_in_one_group_of_its_own(half: Half) -> None:
    members = {name: {r.id for r in students(half) if name in groups_of(r)} for name in GROUPS}
    together = members.pop("kd_without")
    assert together == members["kd_group_norm"] | members["kd_transformer"]
    everyone = members.pop("all")
    assert everyone == {r.id for r in students(half) if r.teachers}
    assert sum(map(len, members.values())) == len(everyone) and set().union(*members.values()) == everyone
