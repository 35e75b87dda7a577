"""What poorer answers leave, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from core.candidates import Output
from core.scoring.agreement import agreement, margin_agreement
from core.scoring.answer_kinds import Level, labels, level_of, rounded, top_k
from core.scoring.divergence import kl_divergence
from tests.support.log_probs import random_log_probs


@pytest.mark.parametrize(
    ("probs", "decimals", "expected"),
    [
        ([0.5, 0.3, 0.2], 1, [0.5, 0.3, 0.2]),
        ([0.97, 0.02, 0.01], 1, [1 / 1.1, 0.05 / 1.1, 0.05 / 1.1]),
        ([0.9962, 0.0036, 0.0002], 3, [0.996 / 1.0005, 0.004 / 1.0005, 0.0005 / 1.0005]),
    ],
)
def test_rounded_the_same_for_both(probs: list[float], decimals: int, expected: list[float]) -> None:
    answer = np.log([probs])
    student, candidates = rounded(answer, answer[None], decimals=decimals)
    np.testing.assert_allclose(np.exp(student), [expected])
    np.testing.assert_allclose(np.exp(candidates), [[expected]])


def test_many_decimals_leave_everything() -> None:
    student, candidates = random_log_probs(0, 9, 5), random_log_probs(1, 3, 9, 5)
    left = rounded(student, candidates, decimals=12)
    np.testing.assert_allclose(left[0], student, atol=1e-8)
    np.testing.assert_allclose(left[1], candidates, atol=1e-8)


def test_top_k_spreads_what_is_left() -> None:
    student = np.log([[0.4, 0.3, 0.15, 0.1, 0.05]])
    candidates = np.log([[[0.6, 0.3, 0.06, 0.03, 0.01]], [[0.1, 0.5, 0.3, 0.06, 0.04]]])
    own, others = top_k(student, candidates, k=2)
    np.testing.assert_allclose(np.exp(own), [[0.4, 0.3, 0.15, 0.075, 0.075]])  # classes 3 and 4 are a lump
    np.testing.assert_allclose(
        np.exp(others), [[[0.6, 0.3, 0.1 / 3, 0.1 / 3, 0.1 / 3]], [[0.2 / 3, 0.5, 0.3, *[0.2 / 3] * 2]]]
    )


def test_what_nobody_named_counts_as_one_class_in_a_divergence() -> None:
    student, candidates = random_log_probs(0, 9, 8), random_log_probs(1, 1, 9, 8)
    left = kl_divergence(*top_k(student, candidates, k=3))
    for n, (s, c) in enumerate(zip(np.exp(student), np.exp(candidates[0]), strict=True)):
        named = np.argsort(c)[-3:]
        lumped = entropy([*c[named], 1 - c[named].sum()], [*s[named], 1 - s[named].sum()])
        assert left[0, n] == pytest.approx(lumped)


def test_all_classes_named_leave_everything() -> None:
    student, candidates = random_log_probs(0, 9, 5), random_log_probs(1, 3, 9, 5)
    left = top_k(student, candidates, k=5)
    np.testing.assert_array_equal(left[0], student)
    np.testing.assert_array_equal(left[1], candidates)


def test_equal_probabilities_do_not_name_more_than_k() -> None:
    flat = np.log([[0.25] * 4])
    peaked = np.log([[0.4, 0.3, 0.2, 0.1]])
    own, _ = top_k(peaked, flat[None], k=2)
    np.testing.assert_allclose(np.exp(own), [[0.4, 0.3, 0.15, 0.15]])


@pytest.mark.parametrize("classes", [2, 10, 5000])
def test_labels_are_probabilities_of_which_one_stands_out(classes: int) -> None:
    student, candidates = random_log_probs(0, 4, classes), random_log_probs(1, 2, 4, classes)
    for whole, left in zip((student, candidates), labels(student, candidates), strict=True):
        np.testing.assert_allclose(np.exp(left).sum(axis=-1), 1)
        np.testing.assert_array_equal(left.argmax(axis=-1), whole.argmax(axis=-1))
        assert all(len(np.unique(answer)) == 2 for answer in left.reshape(-1, classes))


class TestLevel:
    FULL = np.random.default_rng(0).dirichlet(np.ones(6), 8)
    TWO_DECIMALS = np.array([[0.5, 0.2, 0.1, 0.1, 0.05, 0.05], [0.99, 0.01, 0, 0, 0, 0]])
    TOP = np.where(np.sort(FULL, axis=1)[:, -3:-2] <= FULL, FULL, np.nan)  # the three strongest
    LABELS = np.where(FULL.max(axis=1, keepdims=True) == FULL, 1.0, np.nan)

    @pytest.mark.parametrize(
        ("rows", "outputs", "expected", "words"),
        [
            ({"a": FULL, "b": FULL * 9}, {"a": "probs", "b": "logits"}, Level(), ""),
            (
                {"a": FULL, "b": TWO_DECIMALS},
                {"a": "probs", "b": "probs"},
                Level("rounded", None, 2, ("b",)),
                "all are compared as if rounded to 2 decimals, since b is",
            ),
            (
                {"a": TWO_DECIMALS, "b": TOP, "c": TOP},
                {"a": "probs", "b": "top_k", "c": "top_k"},
                Level("top_k", 3, 2, ("b", "c")),
                "all are compared by the first 3 classes of an answer, since b and c tell no more",
            ),
            (
                {"a": TWO_DECIMALS, "b": TOP, "c": LABELS},
                {"a": "probs", "b": "top_k", "c": "labels"},
                Level("labels", poorest=("c",)),
                "all are compared by their first classes, since c answers with no more",
            ),
            (
                {"a": FULL, "b": np.vstack([TOP, np.full((1, 6), np.nan)])},
                {"a": "probs", "b": "top_k"},
                Level("top_k", 3, None, ("b",)),
                "all are compared by the first 3 classes of an answer, since b tells no more",
            ),
            ({"a": TWO_DECIMALS.round(0)}, {"a": "logits"}, Level(), ""),  # logits may be whole numbers
        ],
    )
    def test_is_that_of_the_poorest(
        self, rows: dict[str, np.ndarray], outputs: dict[str, Output], expected: Level, words: str
    ) -> None:
        assert level_of(rows, outputs) == expected
        assert str(expected) == words

    def test_all_are_reduced_alike(self) -> None:
        student, candidates = random_log_probs(0, 9, 8), random_log_probs(1, 3, 9, 8)
        own, others = Level("top_k", 3, 2).leave(student, candidates)
        expected = top_k(*rounded(student, candidates, decimals=2), k=3)
        np.testing.assert_array_equal(own, expected[0])
        np.testing.assert_array_equal(others, expected[1])

    def test_of_labels_the_student_keeps_all_that_it_says(self) -> None:
        student, candidates = random_log_probs(0, 9, 8), random_log_probs(1, 3, 9, 8)
        own, others = Level("labels").leave(student, candidates)
        np.testing.assert_array_equal(own, student)
        np.testing.assert_array_equal(others, labels(student, candidates)[1])


def test_an_answer_that_names_no_class_agrees_by_chance_only() -> None:
    student = np.log([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    flat = np.log(np.full((1, 2, 3), 1 / 3))
    np.testing.assert_allclose(np.exp(labels(student, flat)[1]), 1 / 3)
    np.testing.assert_allclose(agreement(student, flat), [1 / 3])


def test_margins_weigh_agreement() -> None:
    student = np.log([[0.55, 0.45, 1e-9], [0.1, 0.1, 0.8], [0.3, 0.6, 0.1]])
    candidates = np.log([[[0.9, 0.05, 0.05], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]]])
    np.testing.assert_allclose(margin_agreement(student, candidates), [(0.1 + 0.3) / (0.1 + 0.7 + 0.3)], atol=1e-6)
    even = np.log(np.full((2, 3), 1 / 3))
    np.testing.assert_allclose(margin_agreement(even, candidates[:, :2]), agreement(even, candidates[:, :2]))
