"""From what servers say to rows in the student's order, and what of it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.teachers.arrangement import arrange
from core.teachers.told import Told

STUDENT = ("cat", "dog", "elk")
NAN = np.nan
LOGITS = np.array([[3.0, -1.0, 0.5], [0.0, 2.0, -4.0]])
PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])


def candidate(**settings: object) -> CandidateConfig:
    return CandidateConfig(**{"name": "suspect", "url": "http://suspect", "model": "m"} | settings)


def read(told: list[Told], student: tuple[str, ...] | None = STUDENT, **settings: object) -> tuple[str, np.ndarray]:
    arrangement = arrange(told, candidate(**settings), student)
    return arrangement.output, arrangement.rows(told)


@pytest.mark.parametrize(("answers", "output"), [(LOGITS, "logits"), (PROBS, "probs")])
@pytest.mark.parametrize("student", [STUDENT, None])
def test_vectors_are_taken_as_they_are(answers: np.ndarray, output: str, student: tuple[str, ...] | None) -> None:
    kind, rows = read(list(answers), student)
    assert kind == output
    np.testing.assert_array_equal(rows, answers)


@pytest.mark.parametrize(("answers", "output"), [(LOGITS, "logits"), (PROBS, "probs")])
def test_vectors_in_another_order(answers: np.ndarray, output: str) -> None:
    kind, rows = read(list(answers[:, [2, 0, 1]]), classes=("Elk", "Cat", "Dog"))
    assert kind == output
    np.testing.assert_array_equal(rows, answers)


@pytest.mark.parametrize("form", ["vector", "labels"])
@pytest.mark.parametrize("output", ["logits", "probs"])
def test_a_head_with_more_classes_tells_what_it_would_say_of_the_students(form: str, output: str) -> None:
    logits = np.random.default_rng(0).normal(scale=2, size=(2, 5))
    said = logits if output == "logits" else np.exp(log_softmax(logits, axis=1))
    own = ("bee", "elk", "cat", "ant", "dog")
    told = list(said) if form == "vector" else [dict(zip(own, row.tolist(), strict=True)) for row in said]
    kind, rows = read(told, **({"classes": own} if form == "vector" else {}))
    assert kind == output
    expected = log_softmax(logits[:, [2, 4, 1]], axis=1)  # given that it is one of these
    np.testing.assert_allclose(log_softmax(rows, axis=1) if output == "logits" else np.log(rows), expected)


@pytest.mark.parametrize("form", ["vector", "labels"])
@pytest.mark.parametrize("output", ["logits", "probs"])
def test_classes_that_mean_the_same_are_added_up(form: str, output: str) -> None:
    logits = np.random.default_rng(1).normal(scale=2, size=(2, 4))
    probs = np.exp(log_softmax(logits, axis=1))
    said, own = logits if output == "logits" else probs, ("tabby", "dog", "siamese", "elk")
    told = list(said) if form == "vector" else [dict(zip(own, row.tolist(), strict=True)) for row in said]
    synonyms = {"tabby": "cat", "siamese": "cat"}
    kind, rows = read(told, synonyms=synonyms, **({"classes": own} if form == "vector" else {}))
    assert kind == output
    expected = np.stack([probs[:, 0] + probs[:, 2], probs[:, 1], probs[:, 3]], axis=1)
    np.testing.assert_allclose(log_softmax(rows, axis=1) if output == "logits" else np.log(rows), np.log(expected))


def test_probabilities_that_are_all_elsewhere_tell_nothing() -> None:
    _, rows = read([np.array([0, 0, 0, 1.0]), np.array([0.5, 0, 0, 0.5])], classes=(*STUDENT, "bee"))
    np.testing.assert_allclose(rows, [[1 / 3, 1 / 3, 1 / 3], [1, 0, 0]])


def test_all_classes_by_label_are_put_in_order() -> None:
    told: list[Told] = [{"dog": 0.3, "cat": 0.5, "elk": 0.2}, {"elk": 0.8, "cat": 0.1, "dog": 0.1}]
    kind, rows = read(told)
    assert kind == "probs"
    np.testing.assert_array_equal(rows, PROBS)


def test_logits_by_label_are_logits() -> None:
    assert read([dict(zip(STUDENT, row.tolist(), strict=True)) for row in LOGITS])[0] == "logits"


@pytest.mark.parametrize("settings", [{}, {"output": "top_k"}])
def test_classes_that_are_not_told_are_nan(settings: dict[str, object]) -> None:
    kind, rows = read([{"dog": 0.6, "cat": 0.3}, {"elk": 0.9, "bee": 0.1}], **settings)
    assert kind == "top_k"
    np.testing.assert_array_equal(rows, [[0.3, 0.6, NAN], [NAN, NAN, 0.9]])


def test_a_candidate_may_tell_more_than_its_strongest_classes() -> None:
    assert read([dict(zip(STUDENT, row.tolist(), strict=True)) for row in PROBS], output="top_k")[0] == "probs"


@pytest.mark.parametrize("told", [["dog", "LABEL_0"], [{"dog": 0.6, "cat": 0.4}, {"cat": 0.9, "elk": 0.1}]])
def test_a_label_is_a_one_among_nans(told: list[Told]) -> None:
    kind, rows = read(told, output="labels")
    assert kind == "labels"
    np.testing.assert_array_equal(rows, [[NAN, 1, NAN], [1, NAN, NAN]])


def test_a_label_may_be_none_of_the_students() -> None:
    np.testing.assert_array_equal(read(["dog", "bee"])[1], [[NAN, 1, NAN], [NAN, NAN, NAN]])


MANY = [{f"class of its own {index}": 0.01 for index in range(20)} | {"cat": 0.3, "dog": 0.2, "elk": 0.1}] * 2


@pytest.mark.parametrize(
    ("told", "settings", "message"),
    [
        pytest.param([np.eye(4)[0]] * 2, {}, r"another number of classes .*expected 3, got 4.*its own", id="too many"),
        pytest.param([np.eye(4)[0]] * 2, {"classes": STUDENT}, r"number of classes .*expected 3, got 4", id="too few"),
        pytest.param([np.eye(3)[0], np.eye(4)[0]], {}, r"number of classes .*expected 3, got 4", id="ragged"),
        pytest.param(
            [np.eye(3)[0]] * 2,
            {"classes": ("cat", "dog", "fox")},
            r"not the student's .*by name, got it lacks elk\). Give .*synonyms",
            id="another class",
        ),
        pytest.param([np.eye(3)[0], "cat"], {}, r"differ in kind .*3 numbers and a label", id="two kinds"),
        pytest.param(["fox", "hen"], {}, r"none of .* labels .*labels like cat, dog, elk, got fox, hen", id="strange"),
        pytest.param(["dog", "3"], {}, r"more classes than are known .*below 3, got '3'.*own classes", id="number"),
        pytest.param(
            [{"0": 0.5, "817": 0.5}] * 2, {}, r"more classes than are known .*below 3, got '817'", id="of a thousand"
        ),
        pytest.param(
            [{"cat": 0.5, "fox": 0.3, "hen": 0.2}] * 2,
            {},
            r"not the student's .*got 3 labels, among them fox, hen",
            id="three others",
        ),
        pytest.param(MANY, {}, r"not the student's .*23 labels, .*top_k", id="the strongest of many"),
        pytest.param(["dog", "cat"], {"output": "top_k"}, r"tell less .*expected top_k, got labels alone", id="labels"),
        pytest.param(
            [{"cat": 0.5}, {"dog": 0.3}], {"output": "probs"}, r"tell less .*probs, got 1 of 3 classes", id="top 1"
        ),
        pytest.param([*PROBS], {"output": "labels"}, r"tell more .*expected labels", id="probabilities"),
        pytest.param(
            [{"cat": 4.5}, {"dog": 0.3}], {}, r"no probabilities .*sum of at most 1, got values from 4.5", id="logit"
        ),
        pytest.param([{"cat": 0.8, "dog": 0.4}] * 2, {}, r"no probabilities .* sum 1.2\)", id="more than 1"),
        pytest.param([{"cat": -0.1}] * 2, {}, r"no probabilities", id="negative"),
        pytest.param([*(PROBS / 2)], {}, r"may be logits or probabilities", id="neither"),
    ],
)
def test_what_is_refused(told: list[Told], settings: dict[str, object], message: str) -> None:
    with pytest.raises(TeacherError, match=f"suspect: .*{message}") as caught:
        read(told, **settings)
    assert caught.value.remedy and caught.value.actual


def test_labels_are_of_no_use_without_a_student() -> None:
    with pytest.raises(TeacherError, match="Choose a student first"):
        read(["cat", "dog"], None)


BY_LABEL = [dict(zip(STUDENT, row.tolist(), strict=True)) for row in PROBS]


@pytest.mark.parametrize(
    ("first", "later", "message"),
    [
        ([*PROBS], np.eye(4)[0], "another number of classes .*expected 3, got 4"),
        ([*PROBS], "cat", "another kind than when connecting .*3 numbers, got a label"),
        ([*PROBS], LOGITS[0], "were probabilities when connecting"),
        (BY_LABEL, {"cat": 0.5, "dog": 0.5}, "all of 3 classes, got some"),
        (BY_LABEL, {"cat": 2.0, "dog": 0.5, "elk": 1.0}, "were probabilities when connecting"),
        (BY_LABEL, PROBS[0], "scores by label, got 3 numbers"),
        (BY_LABEL, {"cat": 0.5, "dog": 0.3, "elk": 0.1, "7": 0.1}, "more classes than are known .*got '7'"),
        ([{"cat": 0.5}, {"dog": 0.3}], {"cat": 7.0}, "no probabilities"),
        ([{"cat": 0.5}, {"dog": 0.3}], "cat", "scores by label, got a label"),
        (["cat", "dog"], PROBS[0], "a label, got 3 numbers"),
        (["cat", "dog"], "3", "more classes than are known"),
    ],
)
def test_changes_while_an_audit_runs_are_noticed(first: list[Told], later: Told, message: str) -> None:
    arrangement = arrange(first, candidate(), STUDENT)
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        arrangement.rows([first[0], later])


def test_the_fingerprint_is_of_all_that_a_row_depends_on() -> None:
    own, synonyms = ("elk", "cat", "dog"), {"hound": "dog"}

    def fingerprint(told: list[Told], student: tuple[str, ...] = STUDENT, **settings: object) -> str:
        return arrange(told, candidate(**settings), student).fingerprint

    assert fingerprint([*PROBS]) == ""
    different = [
        fingerprint(BY_LABEL),
        fingerprint(BY_LABEL, output="labels"),
        fingerprint(BY_LABEL, synonyms=synonyms),
        fingerprint(BY_LABEL, STUDENT[::-1]),
        fingerprint([*PROBS], classes=own),
        fingerprint([*PROBS], classes=own, synonyms=synonyms),
        fingerprint([*PROBS], STUDENT[::-1], classes=own),
        fingerprint([*LOGITS], classes=own),
    ]
    assert len(set(different)) == len(different) and "" not in different
    assert fingerprint(BY_LABEL[::-1]) == fingerprint(BY_LABEL)


def test_matched_are_the_labels_of_the_test_images() -> None:
    arrangement = arrange([{"Dog": 0.6, "bee": 0.3}, {"LABEL_2": 0.9}], candidate(), STUDENT)
    assert dict(arrangement.matched) == {"Dog": "dog", "bee": None, "LABEL_2": "elk"}


def test_scores_of_more_classes_must_stay_probabilities() -> None:
    said = np.array([[0.5, 0.2, 0.1, 0.2], [0.1, 0.1, 0.7, 0.1]])
    arrangement = arrange(list(said), candidate(classes=("cat", "dog", "elk", "bee")), STUDENT)
    with pytest.raises(TeacherError, match="were probabilities when connecting"):
        arrangement.rows([np.array([5.0, 2.0, 1.0, 3.0])])
