"""Which of the student's classes a label means."""

from __future__ import annotations

import numpy as np
import pytest

from core.teachers.classes import Classes, fold

FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
ANIMALS = ("tabby, tabby cat", "crane", "Café dog", "Straße")


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Ankle boot", "ankle boot"),
        ("ankle_boot", "ankle boot"),
        ("  ANKLE-BOOT ", "ankle boot"),
        ("Café", "cafe"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "cafe"),
        ("Straße", "strasse"),
        ("n02123045 tabby", "tabby"),
        ("n02123045_tabby", "tabby"),
        ("n02123045", "n02123045"),
        ("n021230456 odd", "n021230456 odd"),
        ("子猫", "子猫"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_what_spellings_differ_in(name: str, folded: str) -> None:
    assert fold(name) == folded


@pytest.mark.parametrize(
    ("student", "label", "expected"),
    [
        (FASHION, "Ankle boot", 9),
        (FASHION, "ankle_boot", 9),
        (FASHION, "t shirt top", 0),
        (FASHION, "T-shirt", 0),
        (FASHION, "shirt", 6),
        (FASHION, "boot", None),
        (FASHION, "Trouser, pants", 1),
        (FASHION, "Trouser | Dress", None),
        (FASHION, "LABEL_3", 3),
        (FASHION, "class 3", 3),
        (FASHION, "3", 3),
        (FASHION, "003", 3),
        (FASHION, "10", None),
        (FASHION, "-3", 3),
        (FASHION, "3 of 4", None),
        (FASHION, "", None),
        (ANIMALS, "tabby cat", 0),
        (ANIMALS, "n02123045 tabby, tabby cat", 0),
        (ANIMALS, "n02123045_Tabby", 0),
        (ANIMALS, "tiger cat, tabby", 0),
        (ANIMALS, "cafe DOG", 2),
        (ANIMALS, "strasse", 3),
        (("n02123045", "n02012849"), "n02012849 crane", 1),
        (("n02123045", "n02012849"), "n02012849", 1),
        (("n02012849 crane", "n03126707 crane"), "n03126707 crane", 1),
        (("n02012849 crane", "n03126707 crane"), "crane", None),
        (("n02012849 crane", "n03126707 crane"), "n03126707", 1),
        (("maillot", "maillot, tank suit"), "maillot", 0),
        (("maillot", "maillot, tank suit"), "tank suit", 1),
        (("cat", "Cat", "dog"), "cat", 0),
        (("cat", "Cat", "dog"), "CAT", None),
        (("A", "a", "b"), "a", 1),
        (("C", "C++", "C#"), "C++", 1),
        (("cat, pet", "dog, pet"), "pet", None),
        (("cat, pet", "dog, pet"), "dog", 1),
        (("1", "2", "3"), "2", 1),
        (("1", "2", "3"), "LABEL_2", 2),
        (("class 0", "class 1"), "class 1", 1),
        (("class 0", "class 1"), "LABEL_1", 1),
    ],
)
def test_which_class_a_label_means(student: tuple[str, ...], label: str, expected: int | None) -> None:
    classes = Classes(student)
    assert classes.index(label) == expected
    assert classes.index(label) == expected  # again, as it was remembered


OWN = ("dog", "pelican", "cat")


@pytest.mark.parametrize(
    ("label", "expected"), [("cat", 0), ("LABEL_2", 0), ("0", 1), ("1", None), ("3", None), ("elk", 2), ("bee", None)]
)
def test_numbers_are_those_of_the_candidates_own_classes(label: str, expected: int | None) -> None:
    assert Classes(("cat", "dog", "elk"), OWN).index(label) == expected


@pytest.mark.parametrize(
    ("own", "label", "expected"),
    [
        (None, "LABEL_2", False),
        (None, "LABEL_3", True),
        (None, "elk", False),
        (("a", "b", "c", "d"), "3", False),
        (("a", "b", "c", "d"), "4", True),
    ],
)
def test_numbers_beyond_all_classes(own: tuple[str, ...] | None, label: str, expected: bool) -> None:
    assert Classes(("cat", "dog", "elk"), own).beyond(label) is expected


def test_a_name_that_is_a_number_is_not_beyond_the_classes() -> None:
    assert not Classes(("10", "20")).beyond("20")


@pytest.mark.parametrize("label", ["Felis_catus", "felis catus", "FELIS CATUS"])
def test_synonyms_are_compared_like_names(label: str) -> None:
    assert Classes(("dog", "cat"), synonyms={"Felis catus": "cat"}).index(label) == 1


def test_synonyms_that_differ_in_nothing_but_spelling_are_told_apart_or_mean_nothing() -> None:
    classes = Classes(("dog", "cat"), synonyms={"A": "cat", "a": "dog", "Á": "cat"})
    assert [classes.index(label) for label in ("A", "a", "Á", "(a)")] == [1, 0, 1, None]


def test_a_synonym_comes_before_the_name_and_the_number() -> None:
    classes = Classes(("dog", "cat"), synonyms={"LABEL_0": "cat", "dog": "cat"})
    assert (classes.index("LABEL_0"), classes.index("dog")) == (1, 1)


def test_a_synonym_for_no_class_of_the_student_means_nothing() -> None:
    assert Classes(("dog", "cat"), synonyms={"wolf": "fox"}).index("wolf") is None


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (("elk", "cat", "dog"), [2, 0, 1]),
        (("Elk", "bee", "CAT", "dog"), [2, -1, 0, 1]),
        (("2", "0", "1"), [2, 0, 1]),
        (("kitten", "cat", "dog"), [0, 0, 1]),
    ],
)
def test_what_the_candidates_own_classes_mean(own: tuple[str, ...], expected: list[int]) -> None:
    classes = Classes(("cat", "dog", "elk"), own, {"kitten": "cat"})
    np.testing.assert_array_equal(classes.meanings(), expected)


def test_nothing_is_known_of_the_order_of_unknown_classes() -> None:
    with pytest.raises(ValueError, match="not known"):
        Classes(("cat", "dog")).meanings()


def test_matched_are_labels_and_classes() -> None:
    assert Classes(("Cat", "Dog")).matched(["dog", "elk", "0"]) == {"dog": "Dog", "elk": None, "0": "Cat"}
