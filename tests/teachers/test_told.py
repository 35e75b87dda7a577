"""The forms in which servers answer, as their documentation and their users show them."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import TeacherError
from core.teachers.told import read_all, read_told, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param([0.1, 0.7, 0.2], [0.1, 0.7, 0.2], id="numbers"),
        pytest.param([3, -1, 0], [3, -1, 0], id="whole numbers"),
        pytest.param([[0.1, 0.7, 0.2]], [0.1, 0.7, 0.2], id="a batch of one"),
        pytest.param([["", 0.25], ["", 0.75]], [0.25, 0.75], id="TensorFlow's classify without labels"),
    ],
)
def test_vectors(value: object, expected: list[float]) -> None:
    told = read_told(value, name="suspect")
    assert isinstance(told, np.ndarray) and told.dtype == np.float64
    np.testing.assert_array_equal(told, expected)


CAT_DOG = {"cat": 0.75, "dog": 0.25}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"cat": 0.75, "dog": 0.25}, CAT_DOG, id="TorchServe"),
        pytest.param({"3": 0.75, "0": 1}, {"3": 0.75, "0": 1.0}, id="TorchServe without names"),
        pytest.param([{"label": "cat", "score": 0.75}, {"label": "dog", "score": 0.25}], CAT_DOG, id="Hugging Face"),
        pytest.param([[{"label": "cat", "score": 0.75}, {"label": "dog", "score": 0.25}]], CAT_DOG, id="nested"),
        pytest.param([["cat", 0.75], ["dog", 0.25]], CAT_DOG, id="TensorFlow's classify"),
        pytest.param([[["cat", 0.75], ["dog", 0.25]]], CAT_DOG, id="pairs in a batch of one"),
        pytest.param([[0.75, "cat"], [0.25, "dog"]], CAT_DOG, id="scores before labels"),
        pytest.param([["cat", 0.75]], {"cat": 0.75}, id="one pair"),
        pytest.param({"class": "cat", "probability": 0.75}, {"cat": 0.75}, id="TorchServe's documentation"),
        pytest.param({"class_name": "cat", "confidence": 1}, {"cat": 1.0}, id="other keys"),
        pytest.param([{"class": 3, "score": 0.75, "box": [1, 2]}], {"3": 0.75}, id="a number for a label"),
        pytest.param([{"label": "a", "name": "b", "score": 1.5}], {"a": 1.5}, id="label before name"),
        pytest.param({"": 0.5, "dog": 0.5}, {"": 0.5, "dog": 0.5}, id="one empty label"),
    ],
)
def test_scores_by_label(value: object, expected: dict[str, float]) -> None:
    assert read_told(value, name="suspect") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("cat", "cat"),
        (7, "7"),
        (["cat"], "cat"),
        (["cat", "dog"], "cat"),
        ([["cat", "dog"]], "cat"),
        ({"label": "cat"}, "cat"),
        ({"label": 2}, "2"),
        ([{"class_name": "cat"}], "cat"),
        ({"label": "cat", "score": "high"}, "cat"),
    ],
)
def test_labels(value: object, expected: str) -> None:
    assert read_told(value, name="suspect") == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, r"no answer .*got None"),
        (True, r"no answer .*got True"),
        (0.5, r"no answer .*got 0.5"),
        ([], r"no answer .*got \[\]"),
        ({}, r"no answer .*got \{\}"),
        ([0.5], r"no answer .*got \[0.5\]"),
        ([0.5, True], r"no answer"),
        ([0.5, None], r"no answer"),
        ([0.5, "cat"], r"no answer"),
        (["cat", 0.5, "dog"], r"no answer"),
        ([[0.5, 0.5], [0.5, 0.5]], r"no answer"),
        ([["cat", "dog"], ["elk", "bee"]], r"no answer"),
        ([{"label": "cat"}, {"label": "dog"}], r"no answer"),
        ([{"label": "cat", "score": 0.5}, {"label": "dog"}], r"no answer"),
        ({"predictions": [0.5, 0.5]}, r"no answer .*where in its reply the answers are"),
        ({"error": "GPU on fire", "code": 1}, r"no answer .*got the error 'GPU on fire'"),
        ({"a": "b" * 500}, r"no answer .*b…\)"),
        ([float("nan"), 0.5], r"NaN or infinity .*1 of 2"),
        ([10**400, 0.5], r"NaN or infinity"),
        ({"cat": float("inf"), "dog": 0.5}, r"NaN or infinity"),
        ([["cat", 0.5], ["cat", 0.5]], r"names a class twice .*got 'cat'"),
    ],
)
def test_what_is_no_answer(value: object, message: str) -> None:
    with pytest.raises(TeacherError, match=f"suspect: .*{message}") as caught:
        read_told(value, name="suspect")
    assert caught.value.rule and caught.value.actual and caught.value.remedy


def test_one_answer_an_image() -> None:
    assert read_all(["cat", 3], 2, name="suspect") == ["cat", "3"]


@pytest.mark.parametrize("values", [None, {}, "cat", [], ["cat"], ["cat", "dog", "elk"]])
def test_too_few_or_too_many_answers(values: object) -> None:
    with pytest.raises(TeacherError, match=r"does not answer every image .*expected a list of 2"):
        read_all(values, 2, name="suspect")


def test_a_servers_text_is_shown_in_one_short_line() -> None:
    assert shown("one\ntwo\x1b[31m") == "one two [31m"
    assert len(shown("x" * 1000)) == 80
