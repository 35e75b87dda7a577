"""Names of classes are found where training scripts keep them, and only where they are whole."""

from __future__ import annotations

import pytest

from core.students.labels import class_names_in

NAMES = ("cat", "dog", "fox")


@pytest.mark.parametrize(
    "entries",
    [
        {"class_names": list(NAMES)},
        {"classes": NAMES, "class_to_idx": {"other": 0}},
        {"class_to_idx": {"fox": 2, "cat": 0, "dog": 1}},
        {"label2id": {"fox": "2", "cat": "0", "dog": "1"}},
        {"idx_to_class": {2: "fox", 0: "cat", 1: "dog"}},
        {"id2label": {"2": "fox", "0": "cat", "1": "dog"}},
    ],
)
def test_names_in_the_order_of_the_outputs(entries: dict[str, object]) -> None:
    assert class_names_in({"epoch": 3, **entries}) == NAMES


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"classes": 3},
        {"classes": "cat"},
        {"classes": []},
        {"classes": ["cat", 1]},
        {"class_to_idx": ["cat"]},
        {"class_to_idx": {}},
        {"class_to_idx": {"cat": 0, "dog": 0}},
        {"class_to_idx": {"cat": 1, "dog": 2}},
        {"class_to_idx": {"cat": -1, "dog": 0}},
        {"class_to_idx": {"cat": 0, "dog": True}},
        {"id2label": {"0": "cat", "1": None}},
        {"id2label": {"0": "cat", "00": "dog"}},
    ],
)
def test_what_is_not_whole_names_nothing(entries: dict[str, object]) -> None:
    assert class_names_in(entries) is None
