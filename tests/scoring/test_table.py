"""What every score in the table keeps to, and what an audit takes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from core.scoring.answer_kinds import labels, rounded, top_k
from core.scoring.base import ANY_ANSWER, AnswerKind, Score
from core.scoring.table import REPORTED, SCORES
from tests.support.log_probs import random_log_probs

ALL = list(SCORES.values())
DRAWN = "acs_z"  # its null is drawn, so that another order of probes meets another draw

SET_SCORES = {name for name in SCORES if name.startswith(("acs", "cka"))}
SCALE_FREE = SET_SCORES | {
    "agreement", "centred_cosine", "excess_correlation", "partial_correlation", "rp", "ri", "rpi",
}  # fmt: skip


@st.composite
def logits(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Of a student `(N, K)` and of candidates `(M, N, K)`, more or less alike."""
    m, n, k = draw(st.integers(3, 5)), draw(st.integers(5, 14)), draw(st.integers(3, 16))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shared = draw(st.floats(0, 0.9)) * random.normal(size=(n, k))
    confidence = draw(st.floats(0.5, 4))
    return confidence * (shared + random.normal(size=(n, k))), confidence * (shared + random.normal(size=(m, n, k)))


def of_logits(score: Score, student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    return score.compute(log_softmax(student, axis=-1), log_softmax(candidates, axis=-1))


def as_told(kind: AnswerKind, student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    match kind:
        case "full":
            return student, candidates
        case "rounded":
            return rounded(student, candidates, decimals=2)
        case "top_k":
            return top_k(student, candidates, k=3)
        case "labels":
            return labels(student, candidates)


every_score = pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)
few = settings(deadline=None, max_examples=15)


@every_score
def test_states_a_number_in_its_docstring_or_is_drawn_at_random(score: Score) -> None:
    function = getattr(score.compute, "func", score.compute)
    assert (">>>" in function.__doc__) == (score.name not in {"acs_z", "cka_z", "cka_z_rbf"})


@every_score
@few
@given(pair=logits(), seed=st.integers(0, 1000))
def test_a_constant_added_to_the_logits_of_a_probe_changes_nothing(score: Score, pair, seed: int) -> None:
    student, candidates = pair
    random = np.random.default_rng(seed)
    shifted = of_logits(
        score,
        student + random.normal(scale=30, size=(len(student), 1)),
        candidates + random.normal(scale=30, size=(*candidates.shape[:2], 1)),
    )
    np.testing.assert_allclose(shifted, of_logits(score, student, candidates), rtol=1e-6, atol=1e-8)


@every_score
@few
@given(pair=logits(), seed=st.integers(0, 1000))
def test_the_order_of_classes_changes_nothing(score: Score, pair, seed: int) -> None:
    student, candidates = pair
    order = np.random.default_rng(seed).permutation(student.shape[1])
    permuted = of_logits(score, student[:, order], candidates[..., order])
    np.testing.assert_allclose(permuted, of_logits(score, student, candidates), rtol=1e-6, atol=1e-8)


@every_score
@few
@given(pair=logits(), seed=st.integers(0, 1000))
def test_the_order_of_probes_changes_nothing(score: Score, pair, seed: int) -> None:
    student, candidates = pair
    order = np.random.default_rng(seed).permutation(len(student))
    permuted = of_logits(score, student[order], candidates[:, order])
    tolerance = {"rtol": 0.5, "atol": 0.7} if score.name == DRAWN else {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(permuted, of_logits(score, student, candidates), **tolerance)


@every_score
@few
@given(pair=logits(), seed=st.integers(0, 1000))
def test_the_order_of_candidates_changes_nothing(score: Score, pair, seed: int) -> None:
    student, candidates = pair
    order = np.random.default_rng(seed).permutation(len(candidates))
    expected = of_logits(score, student, candidates)[order]
    np.testing.assert_allclose(of_logits(score, student, candidates[order]), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("score", "kind"), [(score, kind) for score in ALL for kind in score.answers], ids=lambda x: getattr(x, "name", x)
)
@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 1000), classes=st.integers(4, 8))
def test_no_candidate_beats_the_twin_of_the_student(score: Score, kind: AnswerKind, seed: int, classes: int) -> None:
    student = random_log_probs(seed, 60, classes)
    others = random_log_probs(seed + 1, 3, 60, classes)
    values = score.compute(*as_told(kind, student, np.stack([others[0], student, others[1], others[2]])))
    assert np.isfinite(values).all() and values.shape == (4,)
    assert score.order(values)[0] == 1


@every_score
def test_the_students_temperature_changes_nothing_where_the_score_says_so(score: Score) -> None:
    student, candidates = random_log_probs(0, 30, 6), random_log_probs(1, 3, 30, 6)
    unchanged = np.allclose(of_logits(score, 2.5 * student, candidates), score.compute(student, candidates))
    assert unchanged == (score.name in SCALE_FREE)


@every_score
def test_set_scores_alone_do_not_need_to_know_which_class_is_which(score: Score) -> None:
    student, candidates = random_log_probs(0, 30, 6), random_log_probs(1, 3, 30, 6)
    unchanged = np.allclose(score.compute(np.roll(student, 1, axis=1), candidates), score.compute(student, candidates))
    assert unchanged == (score.name in SET_SCORES)


@every_score
def test_survives_answers_that_are_all_alike(score: Score) -> None:
    flat = np.full((5, 4), -np.log(4))
    assert np.isfinite(score.compute(flat, np.stack([flat, flat, flat]))).all()


@every_score
def test_is_finite_with_as_few_as_it_asks_for(score: Score) -> None:
    candidates = random_log_probs(1, score.min_candidates, score.min_probes, 5)
    assert score.has_enough(candidates)
    assert not score.has_enough(candidates[:-1]) and not score.has_enough(candidates[:, :-1])
    assert np.isfinite(score.compute(random_log_probs(0, score.min_probes, 5), candidates)).all()


@every_score
def test_what_is_resampled_needs_little_of_each_answer(score: Score) -> None:
    """A bootstrap of anything else takes minutes where classes are a thousand."""
    assert score.resampled == (score.weights is not None or score.by_products)


@pytest.mark.parametrize("name", sorted(SET_SCORES))
def test_a_score_that_saturates_calls_unrelated_answers_alike_until_probes_are_many(name: str) -> None:
    """Others tell them from a twin with few probes as well."""
    score, student, unrelated = SCORES[name], random_log_probs(0, 10, 200), random_log_probs(1, 10, 200)
    by_chance, twin = score.compute(student, np.stack([unrelated, student]))
    assert score.saturates == (by_chance > 0.8 * twin)
    assert score.can_rank(np.ones((1, 10, 200))) == (not score.saturates)
    assert score.can_rank(np.ones((1, 11, 10)))


class TestLabels:
    student, candidates = labels(random_log_probs(0, 40, 5), random_log_probs(1, 4, 40, 5))

    @pytest.mark.parametrize("name", [score.name for score in ALL if "labels" in score.answers])
    def test_how_improbable_the_other_classes_are_called_changes_nothing(self, name: str) -> None:
        softer = of_logits(SCORES[name], 0.3 * self.student, 0.3 * self.candidates)
        np.testing.assert_allclose(softer, SCORES[name].compute(self.student, self.candidates))

    @pytest.mark.parametrize("name", [name for name in SCORES if name.startswith(("inverse", "centred"))])
    def test_divergences_and_centred_scores_see_only_agreement(self, name: str) -> None:
        assert "labels" not in SCORES[name].answers
        agree = SCORES["agreement"].compute(self.student, self.candidates)
        values = SCORES[name].compute(self.student, self.candidates)
        assert abs(np.corrcoef(agree, values)[0, 1]) == pytest.approx(1)

    @pytest.mark.parametrize("name", [name for name in SCORES if name.endswith("_rbf")])
    def test_another_kernel_sees_what_the_linear_one_sees(self, name: str) -> None:
        assert "labels" not in SCORES[name].answers
        linear = SCORES[name.removesuffix("_rbf")].compute(self.student, self.candidates)
        np.testing.assert_allclose(SCORES[name].compute(self.student, self.candidates), linear, rtol=1e-6)


def test_an_audit_computes_what_it_may_rank_by() -> None:
    assert list(REPORTED)[:2] == ["excess_correlation", "rp"]
    assert set(REPORTED) < set(SCORES)


def test_every_kind_of_answer_is_told_by_some_score() -> None:
    assert {kind for score in ALL for kind in score.answers} == set(ANY_ANSWER)
