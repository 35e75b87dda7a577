"""Partial correlation against least squares, and with a twin of the teacher among the candidates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import lstsq
from scipy.special import log_softmax

from core.scoring.partial import PENALTY, excess_correlation, partial_correlation
from tests.support.log_probs import random_log_probs

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def brute_force(student: np.ndarray, candidates: np.ndarray, penalty: float) -> list[float]:
    """The ridge as least squares with rows of its own, one candidate at a time."""
    own, *rows = (np.ravel(x - x.mean(axis=1, keepdims=True)) for x in (student, *candidates))
    own, *rows = (row / np.linalg.norm(row) for row in (own, *rows))
    values = []
    for k, row in enumerate(rows):
        others = np.array(rows[:k] + rows[k + 1 :]).T
        stacked = np.vstack([others, (penalty / len(student)) ** 0.5 * np.eye(others.shape[1])])
        rests = []
        for vector in (own, row):
            weights = lstsq(stacked, np.append(vector, np.zeros(others.shape[1])))[0]
            rests.append(vector - others @ weights)
        values.append(rests[0] @ rests[1] / np.linalg.norm(rests[0]) / np.linalg.norm(rests[1]))
    return values


@pytest.mark.parametrize("penalty", [0.01, 3.0, 50.0])
def test_against_least_squares(penalty: float) -> None:
    student, candidates = random_log_probs(0, 12, 5), random_log_probs(1, 4, 12, 5)
    values = partial_correlation(student, candidates, penalty=penalty)
    np.testing.assert_allclose(values, brute_force(student, candidates, penalty), rtol=1e-9)


def test_without_others_it_is_a_cosine() -> None:
    student, candidates = random_log_probs(0, 12, 5), random_log_probs(1, 1, 12, 5)
    own, other = (np.ravel(x - x.mean(axis=1, keepdims=True)) for x in (student, candidates[0]))
    expected = own @ other / np.linalg.norm(own) / np.linalg.norm(other)
    np.testing.assert_allclose(partial_correlation(student, candidates), [expected])


@pytest.mark.parametrize("score", [partial_correlation, excess_correlation])
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), distance=st.floats(0, 0.5))
def test_another_version_of_the_teacher_does_not_hide_it(score: Score, seed: int, distance: float) -> None:
    """Each would explain what the student has in common with the other."""
    random = np.random.default_rng(seed)
    task = 2 * random.normal(size=(40, 6))
    own = random.normal(size=(5, 40, 6))  # of each candidate
    candidates = task + own
    version = task + own[2] + distance * random.normal(size=(40, 6))
    student = task + 0.7 * own[2] + 0.5 * random.normal(size=(40, 6))
    values = score(log_softmax(student, axis=-1), log_softmax(np.vstack([candidates, version[None]]), axis=-1))
    assert values.argmax() in (2, 5)
    assert np.delete(values, (2, 5)).max() < min(values[2], values[5])


def test_the_excess_is_over_what_each_candidate_in_the_students_place_shows() -> None:
    student, candidates = random_log_probs(0, 12, 5), random_log_probs(1, 4, 12, 5)
    plain = brute_force(student, candidates, PENALTY)
    for k in range(4):
        usual = []
        for j in set(range(4)) - {k}:
            rest = [i for i in range(4) if i not in (j, k)]
            usual.append(brute_force(candidates[j], candidates[[*rest, k]], PENALTY)[-1])
        expected = plain[k] - 12 / (12 + 30) * np.mean(usual)
        assert excess_correlation(student, candidates)[k] == pytest.approx(expected)


def test_a_student_like_the_candidates_are_like_each_other_has_little_excess() -> None:
    """Though some candidates are nearer to all others than the rest are."""
    random, excess, plain = np.random.default_rng(0), [], []
    closeness = np.array([3.0, 2.0, 1.0, 0.5, 0.3])[:, None, None]
    for _ in range(40):
        task = random.normal(size=(100, 6))
        candidates = log_softmax(closeness * task + random.normal(size=(5, 100, 6)), axis=-1)
        student = log_softmax(task + random.normal(size=(100, 6)), axis=-1)
        excess.append(excess_correlation(student, candidates, patience=0.0))
        plain.append(partial_correlation(student, candidates))
    assert np.ptp(np.mean(excess, axis=0)) < 0.8 * np.ptp(np.mean(plain, axis=0))
    assert np.abs(np.mean(excess, axis=0)).max() < 0.6 * np.abs(np.mean(plain, axis=0)).max()


@pytest.mark.parametrize("candidates", [1, 2])
def test_so_few_candidates_say_nothing_of_each_other(candidates: int) -> None:
    student, others = random_log_probs(0, 12, 5), random_log_probs(1, candidates, 12, 5)
    differences = partial_correlation(student, others) - excess_correlation(student, others)
    assert np.ptp(differences) == pytest.approx(0)


def test_who_is_whose_version_comes_by_degrees() -> None:
    """So that no redraw of the probes makes a score jump."""
    random = np.random.default_rng(0)
    task, own, other = random.normal(size=(60, 6)), random.normal(size=(4, 60, 6)), random.normal(size=(60, 6))
    student = log_softmax(task + own[0] + random.normal(size=(60, 6)), axis=-1)
    values = []
    for distance in np.linspace(0, 3, 301):
        version = task + own[0] + distance * other
        candidates = log_softmax(np.vstack([task + own, version[None]]), axis=-1)
        values.append(excess_correlation(student, candidates))
    assert np.ptp(values, axis=0).max() > 0.3
    assert np.abs(np.diff(values, axis=0)).max() < 0.05


def test_one_candidate_under_two_names_is_a_tie() -> None:
    student, candidate = random_log_probs(0, 12, 5), random_log_probs(1, 12, 5)
    one, other = partial_correlation(student, np.stack([candidate, candidate]))
    assert one == other == pytest.approx(partial_correlation(student, candidate[None])[0])


def test_what_the_teacher_explains_does_not_count_for_its_relative() -> None:
    random = np.random.default_rng(0)
    shared, own, noise = random.normal(size=(3, 200, 6))
    teacher, relative = shared + own, shared + random.normal(size=(200, 6))
    strangers = random.normal(size=(2, 200, 6))
    student = log_softmax(teacher + 0.7 * noise, axis=-1)
    teacher, relative, *strangers = log_softmax(np.stack([teacher, relative, *strangers]), axis=-1)
    without_teacher = partial_correlation(student, np.stack([relative, *strangers]))
    with_teacher = partial_correlation(student, np.stack([teacher, relative, *strangers]))
    assert without_teacher[0] > 0.3
    assert with_teacher[0] > 0.7 and abs(with_teacher[1]) < 0.1
