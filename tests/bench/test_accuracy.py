"""Figures of the benchmark against other libraries, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from core.bench.accuracy import RESAMPLES, Asked, auc, interval, mean, resamples, scored
from core.scoring.table import SCORES


def asked(values: list[list[float]], teacher: int) -> Asked:
    return Asked(np.array(values), np.arange(len(values[0])) == teacher)


def some_students(n: int = 40, candidates: int = 5) -> list[Asked]:
    generator = np.random.default_rng(0)
    teachers = np.resize(np.eye(candidates), (n, candidates))
    return [Asked(generator.normal(size=(6, candidates)) + teacher, teacher > 0) for teacher in teachers]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1, 0, 0]], 1.0),
        ([[0, 1, 0]], 0.0),
        ([[1, 1, 0]], 0.5),
        ([[0, 0, 0]], 1 / 3),
        ([[1, 0, 0], [0, 1, 0], [2, 0, 1], [1, 0, 1]], (1 + 0 + 1 + 0.5) / 4),
    ],
)
def test_a_tie_is_a_guess(values: list[list[float]], expected: float) -> None:
    assert asked(values, teacher=0).accuracy == pytest.approx(expected)


def test_of_two_teachers_either_will_do() -> None:
    both = Asked(np.array([[3.0, 1, 2], [0, 1, 0], [0, 0, 1]]), np.array([True, True, False]))
    assert both.accuracy == pytest.approx(2 / 3)
    np.testing.assert_allclose(both.named, 1 / 3)


def rights(students: list[Asked]) -> np.ndarray:
    return np.array([one.accuracy for one in students])


def counts_for(students: list[Asked]) -> np.ndarray:
    return resamples(len(students), np.random.default_rng(0))


def test_resamples_are_of_as_many_students_after_each_once() -> None:
    counts = resamples(7, np.random.default_rng(0))
    assert counts.shape == (1 + RESAMPLES, 7) and (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 7).all()
    assert counts[1:].var() == pytest.approx(6 / 7, rel=0.05), "binomial: n p (1 - p) with n = 7, p = 1 / 7"


def test_accuracy_is_the_mean_over_students_with_an_interval_that_shrinks() -> None:
    students = some_students(200)
    figure = interval(mean(rights(students), counts_for(students)))
    assert figure.value == pytest.approx(np.mean(rights(students)), abs=1e-4)
    spread = np.std(rights(students)) / np.sqrt(200)
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * spread, rel=0.1)
    few = interval(mean(rights(students[:20]), counts_for(students[:20])))
    assert few.high - few.low > 2 * (figure.high - figure.low)


@pytest.mark.parametrize("teachers", [1, 2])
def test_auc_is_that_of_another_library_in_each_resample(teachers: int) -> None:
    students = some_students()
    if teachers == 2:
        students = [Asked(one.values.round(), one.teachers | np.roll(one.teachers, 1)) for one in students]  # with ties
    probabilities = np.array([softmax(one.values, axis=1).mean(axis=0) for one in students])
    labels = np.array([one.teachers for one in students])
    counts = counts_for(students)[:20]
    drawn = [np.repeat(np.arange(len(students)), count.astype(int)) for count in counts]
    expected = [roc_auc_score(labels[draw].ravel(), probabilities[draw].ravel()) for draw in drawn]
    np.testing.assert_allclose(auc(students, counts), expected)


def test_a_paired_difference_is_surer_than_the_two_intervals() -> None:
    one = some_students()
    worse = [Asked(student.values - 0.3 * student.teachers, student.teachers) for student in one]
    counts = counts_for(one)
    difference = interval(mean(rights(one) - rights(worse), counts))
    figures = [interval(mean(rights(some), counts)) for some in (one, worse)]
    assert difference.value == pytest.approx(figures[0].value - figures[1].value, abs=2e-4)
    assert difference.high - difference.low < figures[0].high - figures[0].low
    assert difference.low > 0


@pytest.mark.parametrize("name", ["rp", "centred_distance"])
def test_scores_are_of_the_first_probes_and_higher_is_better(name: str) -> None:
    generator = np.random.default_rng(0)
    answers = np.log(generator.dirichlet(np.ones(4), size=(3, 12)))
    draws = np.array([[3, 1, 2, 5], [9, 8, 0, 4]])
    values = scored(SCORES[name], answers[1], answers, draws, 2)
    direct = np.array([SCORES[name].compute(answers[1][d], answers[:, d]) for d in ([3, 1], [9, 8])])
    np.testing.assert_allclose(values, direct if name == "rp" else -direct)
    assert values.argmax(axis=1).tolist() == [1, 1]


def test_a_score_without_enough_probes_guesses() -> None:
    answers = np.log(np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 5)))
    values = scored(SCORES["cka"], answers[0], answers, np.array([[0], [1]]), 1)
    assert Asked(values, np.array([True, False, False])).accuracy == pytest.approx(1 / 3)
