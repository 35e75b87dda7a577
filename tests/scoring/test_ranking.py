"""Rankings: order, intervals, and the choice of a score that can be used."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from core.scoring.answer_kinds import Level, labels
from core.scoring.ranking import applicable_score, log_probabilities, rank
from core.scoring.table import REPORTED, SCORES
from tests.support.log_probs import random_log_probs


@pytest.fixture
def answers() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A student that is a noisy copy of candidate "b"."""
    random = np.random.default_rng(3)
    logits = {name: 2 * random.normal(size=(80, 6)) for name in "abcd"}
    student = logits["b"] + random.normal(size=(80, 6))
    return log_softmax(student, axis=1), {name: log_softmax(x, axis=1) for name, x in logits.items()}


@pytest.mark.parametrize("by", [name for name, score in REPORTED.items() if score.resampled])
def test_ranks_the_source_first_with_an_interval_around_its_score(answers, by: str) -> None:
    ranking = rank(*answers, by=by, resamples=200, generator=np.random.default_rng(0))
    assert ranking[0].candidate == "b"
    values = [candidate.score for candidate in ranking]
    assert values == sorted(values, reverse=SCORES[by].higher_is_better)
    for candidate in ranking:
        low, high = candidate.interval
        assert low <= candidate.score <= high
        assert set(candidate.scores) == set(REPORTED)


def test_interval_covers_the_expected_mean() -> None:
    """The 95 % interval of agreement behaves like a binomial one: half width about 1.96 sd."""
    random = np.random.default_rng(0)
    student = log_softmax(random.normal(size=(400, 2)) * 5, axis=1)
    flipped = np.where(random.random(400)[:, None] < 0.3, student[:, ::-1], student)
    (only,) = rank(student, {"a": flipped}, by="agreement", resamples=2000, generator=random)
    low, high = only.interval
    expected = 1.96 * np.sqrt(only.score * (1 - only.score) / 400)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.15)


def test_one_probe_has_a_score_and_no_interval(answers) -> None:
    student, candidates = answers
    one = {name: answer[:1] for name, answer in candidates.items()}
    ranking = rank(student[:1], one, by="rp", resamples=100, generator=np.random.default_rng(0))
    assert all(candidate.interval is None for candidate in ranking)


def test_the_same_seed_gives_the_same_intervals(answers) -> None:
    first, second = (rank(*answers, by="rp", resamples=100, generator=np.random.default_rng(5)) for _ in range(2))
    assert first == second


def test_residual_scores_fall_back_where_they_say_nothing(answers) -> None:
    candidates = np.stack(list(answers[1].values()))
    assert applicable_score("rp", candidates) == ("rp", "")
    assert applicable_score("inverse_kl", candidates[:1]) == ("inverse_kl", "")
    score, reason = applicable_score("rp", candidates[:2])
    assert score == "centred_distance"
    assert "at least 3" in reason
    score, reason = applicable_score("rcos", candidates[[0, 1, 1]])
    assert score == "centred_distance"
    assert "alike" in reason


def test_set_scores_fall_back_where_probes_are_few(answers) -> None:
    candidates = np.stack(list(answers[1].values()))
    assert applicable_score("acs", candidates[:, :7]) == ("acs", "")
    score, reason = applicable_score("acs", candidates[:, :2])
    assert score == "centred_distance"
    assert "at least 3 probes" in reason


def test_set_scores_give_way_to_their_comparison_with_chance_where_classes_are_many() -> None:
    """There any two clouds of points align."""
    student, *others = random_log_probs(0, 4, 50, 1000)
    candidates = np.stack(others)
    assert SCORES["acs"].compute(student, candidates).min() > 0.9
    assert np.abs(SCORES["acs_z"].compute(student, candidates)).max() < 3
    score, reason = applicable_score("acs", candidates)
    assert score == "acs_z" and "more probes than the 1,000 classes, there are 50" in reason
    named = dict(zip("abc", others, strict=True))
    (first, *_) = rank(student, named, by=score, resamples=100, generator=np.random.default_rng(0))
    assert set(first.scores) == set(REPORTED) - {"acs"}


@pytest.mark.parametrize("probes", [1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("wanted", REPORTED)
def test_the_score_that_applies_can_rank(answers, wanted: str, probes: int) -> None:
    student, candidates = answers[0][:probes], {name: answer[:probes] for name, answer in answers[1].items()}
    by, _ = applicable_score(wanted, np.stack(list(candidates.values())))
    ranking = rank(student, candidates, by=by, resamples=100, generator=np.random.default_rng(0))
    assert sorted(entry.candidate for entry in ranking) == list("abcd")


def _with_twins(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two candidates are the student's twins, and half of the last one's answers are flat."""
    candidates[:2], candidates[3, ::2] = student, -np.log(student.shape[1])
    return student, candidates


@pytest.mark.parametrize("told", [lambda *full: full, labels, _with_twins], ids=["full", "labels", "twins"])
@pytest.mark.parametrize("classes", [5, 40])
@pytest.mark.parametrize("name", [name for name, score in SCORES.items() if score.resampled])
def test_intervals_are_those_of_scores_computed_anew_for_each_resample(name: str, classes: int, told) -> None:
    student, candidates = told(random_log_probs(1, 12, classes), random_log_probs(2, 4, 12, classes))
    score = SCORES[name]
    ranking = rank(
        student, dict(zip("abcd", candidates, strict=True)), by=name, resamples=50,
        generator=np.random.default_rng(2), scores={name: score},
    )  # fmt: skip
    draws = np.random.default_rng(2).integers(12, size=(50, 12))
    anew = np.array([score.compute(student[draw], candidates[:, draw]) for draw in draws])
    low, high = np.quantile(anew, (0.025, 0.975), axis=0)
    for one in ranking:
        k = "abcd".index(one.candidate)
        assert one.interval == pytest.approx((low[k], high[k]), rel=1e-9, abs=1e-9)


def test_probes_on_which_a_student_is_undecided_count_evenly_in_resamples_too() -> None:
    student = np.log([[0.5, 0.5, 1e-9]] * 3 + [[0.6, 0.4, 1e-9]])
    candidates = {"a": np.log([[0.6, 0.4, 1e-9]] * 2 + [[0.4, 0.6, 1e-9]] * 2)}
    (only,) = rank(
        student, candidates, by="margin_agreement", resamples=400, generator=np.random.default_rng(0),
        scores={"margin_agreement": SCORES["margin_agreement"]},
    )  # fmt: skip
    assert only.score == 0.0 and only.interval == pytest.approx((0.0, 1.0))


def test_labels_are_ranked_by_a_score_that_asks_no_more_of_them(answers) -> None:
    candidates = np.stack(list(answers[1].values()))
    score, reason = applicable_score("excess_correlation", candidates, Level("labels"))
    assert score == "margin_agreement"
    assert "labels" in reason
    assert applicable_score("agreement", candidates, Level("labels")) == ("agreement", "")
    assert applicable_score("rp", candidates, Level("top_k", 3)) == ("rp", "")


def test_what_has_too_little_to_go_on_is_left_out(answers) -> None:
    student, candidates = answers
    two = {name: answer[:2] for name, answer in list(candidates.items())[:2]}
    ranking = rank(student[:2], two, by="agreement", resamples=100, generator=np.random.default_rng(0))
    assert set(ranking[0].scores) == {
        "excess_correlation", "centred_distance", "inverse_kl", "agreement", "margin_agreement",
    }  # fmt: skip


def test_any_score_can_be_computed(answers) -> None:
    ranking = rank(*answers, by="ri", resamples=10, generator=np.random.default_rng(0), scores=SCORES)
    assert ranking[0].candidate == "b"
    assert set(ranking[0].scores) == set(SCORES)


def test_answers_become_log_probabilities_with_a_floor() -> None:
    expected = np.log([[0.9, 0.1, 1e-4]])
    np.testing.assert_allclose(log_probabilities(np.array([[0.9, 0.1, 0.0]]), "probs", 1e-4), expected)
    part = np.array([[0.7, np.nan, 0.2, np.nan], [np.nan, 1.0, np.nan, np.nan], [np.nan] * 4])
    filled = np.log([[0.7, 0.05, 0.2, 0.05], [1e-4, 1.0, 1e-4, 1e-4], [0.25] * 4])
    np.testing.assert_allclose(log_probabilities(part, "top_k", 1e-4), filled)
    logits = np.array([[1000.0, 0.0]])
    np.testing.assert_allclose(log_probabilities(logits, "logits", 1e-4), [[0.0, np.log(1e-4)]])
