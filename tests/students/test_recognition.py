"""Architectures are recognised by names and shapes of tensors, whatever wraps them and whatever the head."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.students.indexing import known_architectures, make_index, shapes_of, summary, trials
from core.students.recognition import Index, Match, recognise, without_prefixes
from tests.support.checkpoints import COLOUR

A = {"stem.weight": (8, 3, 3, 3), "block.weight": (8, 8, 3, 3), "block.num_batches_tracked": (), "head.weight": (10, 8)}
B = A | {"block.weight": (8, 8, 5, 5), "block.bias": (8,)}
INDEX = Index.of({"x:a": A, "x:a_pretrained": A, "x:b": B}, {"x:a_pretrained": COLOUR})


def test_what_fits_wholly_comes_first_with_those_of_the_same_tensors() -> None:
    first, second = INDEX.matches(A)
    assert first == Match("x:a", ("x:a_pretrained",), 3, 0, 3, 1.0, "", None, COLOUR)
    assert (second.architecture, second.matched, second.reshaped, second.tensors) == ("x:b", 2, 1, 4)
    assert second.likeness == pytest.approx((2 + 1 / 2) / 4)


def test_another_head_and_a_wrapper_do_not_matter() -> None:
    student = A | {"head.weight": (3, 8)}
    wrapped = {f"module._orig_mod.{name}": shape for name, shape in student.items()}
    first = INDEX.matches(wrapped)[0]
    assert (first.architecture, first.matched, first.reshaped, first.classes) == ("x:a", 2, 1, 3)
    assert first.prefix == "module._orig_mod."
    assert str(first) == "2 of whose 3 tensors match, a head of 3 classes"


@pytest.mark.parametrize("shape", [(8, 8, 5, 5), (8, 8), ()])
def test_a_tensor_of_another_form_is_no_head(shape: tuple[int, ...]) -> None:
    first = INDEX.matches(A | {"block.weight": shape})[0]
    assert (first.architecture, first.reshaped, first.classes) == ("x:a", 1, None)
    assert str(first) == "2 of whose 3 tensors match, 1 in another shape"


@pytest.mark.parametrize("shapes", [{}, {"weight": (3, 3)}, {"stem.weight": (8, 3, 3, 3)}, {"": ()}])
def test_what_is_little_like_any_is_none(shapes: dict[str, tuple[int, ...]]) -> None:
    assert INDEX.matches(shapes) == ()


def test_prefixes_are_taken_off_one_by_one_while_most_names_have_them() -> None:
    names = {"model.a.x": 1, "model.b.x": 2, "loss.weight": 3}
    assert list(without_prefixes(names)) == [
        ("", names),
        ("model.", {"a.x": 1, "b.x": 2, "loss.weight": 3}),
    ]


def test_a_prefix_stays_where_two_names_would_be_one() -> None:
    names = {"model.x": 1, "model.y": 2, "x": 3}
    assert list(without_prefixes(names)) == [("", names)]


def test_an_index_is_what_it_was_when_it_is_read_again(tmp_path: Path) -> None:
    INDEX.write(tmp_path / "index.json.xz")
    again = Index.read(tmp_path / "index.json.xz")
    assert again.tensors == INDEX.tensors and again.inputs == INDEX.inputs and again.matches(A) == INDEX.matches(A)


@pytest.mark.parametrize(
    "name", ["torchvision:resnet34", "torchvision:vit_b_16", "timm:convnext_tiny", "timm:mixer_s16_224"]
)
def test_the_index_that_is_shipped_knows(name: str) -> None:
    first = recognise({f"module.{tensor}": shape for tensor, shape in shapes_of(name, 7).items()})[0]
    assert name in (first.architecture, *first.same)


def test_the_index_that_is_shipped_holds_nearly_all_that_is_installed() -> None:
    known = set(known_architectures())
    lacking = known - set(Index.read().own)  # other versions of torchvision and timm may have a few more
    assert len(lacking) < 0.05 * len(known), "write it anew: python -m core students index"


def test_architectures_that_cannot_be_built_are_named() -> None:
    index, failed = make_index(["torchvision:alexnet", "timm:no_such_model"])
    assert (index.inputs["torchvision:alexnet"].height, index.inputs["torchvision:alexnet"].width) == (224, 224)
    assert list(index.own) == ["torchvision:alexnet"] and failed == ["timm:no_such_model"]


def test_recognition_is_tried_on_drawn_architectures() -> None:
    tried = list(trials(3, seed=1))
    assert [one.architecture for one in tried] == [one.architecture for one in trials(3, seed=1)]
    assert all(one.right for one in tried)
    assert summary(tried).startswith(f"{sum(one.right for one in tried)} of 3 named right")
