"""A candidate whose weights are here: read like a student, asked in this process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from tests.support.inference import NAMES, SHAPE
from tests.support.weights import SAYS, SPEC, LocalModel


@pytest.fixture
def local(tmp_path: Path) -> LocalModel:
    return LocalModel(tmp_path)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def test_logits_of_the_file_by_its_own_normalisation(local: LocalModel) -> None:
    teacher = open_teacher(local.candidate(pixels="signed"))  # the file knows better
    assert teacher.connect(SHAPE).output == "logits"
    np.testing.assert_allclose(teacher.query(images(4)), local.expected(images(4)), rtol=1e-5)


@pytest.mark.parametrize(("pixels", "mean", "std"), [("unit", 0.0, 1.0), ("signed", 0.5, 0.5), ("bytes", 0.0, 1 / 255)])
def test_a_file_that_tells_no_input_takes_the_candidates_pixels(
    local: LocalModel, tmp_path: Path, pixels: str, mean: float, std: float
) -> None:
    torch.save(local.module.state_dict(), tmp_path / "bare.pth")
    bare = local.candidate(checkpoint=tmp_path / "bare.pth", model="zoo:convnet4", pixels=pixels)
    teacher = open_teacher(bare)
    teacher.connect(SHAPE, NAMES)
    np.testing.assert_allclose(teacher.query(images(4)), local.expected(images(4), mean, std), rtol=1e-4, atol=1e-5)


def test_its_names_put_its_classes_in_the_students_order(local: LocalModel, tmp_path: Path) -> None:
    path = local.written(tmp_path / "named.safetensors", class_names=json.dumps(NAMES))
    student = ("Elk", "ant", "DOG", "cat", "bee")
    teacher = open_teacher(local.candidate(checkpoint=path))
    found = teacher.connect(SHAPE, student)
    assert found.matched == {"ant": "ant", "bee": "bee", "cat": "cat", "dog": "DOG", "elk": "Elk"}
    np.testing.assert_allclose(teacher.query(images(4)), local.expected(images(4))[:, [4, 0, 3, 2, 1]], rtol=1e-5)


def test_a_head_with_more_classes(local: LocalModel, tmp_path: Path) -> None:
    path = local.written(tmp_path / "named.safetensors", class_names=json.dumps(NAMES))
    teacher = open_teacher(local.candidate(checkpoint=path))
    assert teacher.connect(SHAPE, ("dog", "bee")).num_classes == 2
    np.testing.assert_allclose(teacher.query(images(4)), local.expected(images(4))[:, [3, 1]], rtol=1e-5)


def test_classes_of_its_configuration_come_before_those_of_the_file(local: LocalModel, tmp_path: Path) -> None:
    path = local.written(tmp_path / "named.safetensors", class_names=json.dumps(NAMES))
    teacher = open_teacher(local.candidate(checkpoint=path, classes=NAMES[::-1]))
    teacher.connect(SHAPE, ("bee", "ant", "cat", "dog", "elk"))
    np.testing.assert_allclose(teacher.query(images(2)), local.expected(images(2))[:, [3, 4, 2, 1, 0]], rtol=1e-5)


@pytest.mark.parametrize("student", [NAMES, tuple(f"class {index}" for index in range(5)), None])
def test_classes_without_names_are_in_the_students_order(
    local: LocalModel, tmp_path: Path, student: tuple[str, ...] | None
) -> None:
    named = local.written(tmp_path / "named.safetensors", class_names=json.dumps(NAMES[::-1]))
    path = local.checkpoint if student == NAMES else named
    teacher = open_teacher(local.candidate(checkpoint=path))
    teacher.connect(SHAPE, student)
    np.testing.assert_allclose(teacher.query(images(2)), local.expected(images(2)), rtol=1e-5)


def test_logits_that_look_like_probabilities_are_logits(tmp_path: Path) -> None:
    local = LocalModel(tmp_path)
    state = local.module.state_dict()
    head = [name for name in state if name.endswith("bias")][-1]
    state[head.replace("bias", "weight")].zero_()
    state[head].fill_(0.5)
    save_file(state, tmp_path / "flat.safetensors", SAYS)
    assert open_teacher(local.candidate(checkpoint=tmp_path / "flat.safetensors")).connect(SHAPE).output == "logits"


def test_the_identity_is_of_the_weights_and_of_how_they_are_read(local: LocalModel, tmp_path: Path) -> None:
    def identity(**settings: object) -> str:
        return open_teacher(local.candidate(**settings)).connect(SHAPE, NAMES).identity

    copy = tmp_path / "elsewhere.safetensors"
    copy.write_bytes(local.checkpoint.read_bytes())
    torch.save(local.module.state_dict(), tmp_path / "bare.pth")
    bare = {"checkpoint": tmp_path / "bare.pth", "model": "zoo:convnet4"}
    assert identity() == identity(name="other", checkpoint=copy)
    assert len({identity(), identity(classes=NAMES[::-1]), identity(**bare), identity(**bare, pixels="signed")}) == 4


def test_the_file_does_not_say_its_architecture(local: LocalModel, tmp_path: Path) -> None:
    path = local.written(tmp_path / "s.safetensors", says={"input": SPEC.model_dump_json()})
    with pytest.raises(TeacherError, match=r"suspect: .*which architecture.*as the candidate's model"):
        open_teacher(local.candidate(checkpoint=path)).connect(SHAPE)
    assert open_teacher(local.candidate(checkpoint=path, model="zoo:convnet4")).connect(SHAPE).output == "logits"


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"checkpoint": Path("missing.safetensors")}, SHAPE, "missing.safetensors"),
        ({"checkpoint": Path(__file__), "model": "zoo:convnet4"}, SHAPE, "test_local.py"),
        ({"checkpoint": Path(__file__)}, SHAPE, "does not say which architecture"),
        ({"model": "zoo:resnet8"}, SHAPE, "convnet4|resnet8"),
        ({}, (3, 8, 8), r"of another shape .*expected \[3, 8, 8\].*got \[1, 8, 8\]"),
        ({"output": "probs"}, SHAPE, "no probabilities"),
        ({"output": "labels"}, SHAPE, "tell more"),
    ],
)
def test_what_is_refused(local: LocalModel, settings: dict[str, object], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(TeacherError, match=f"suspect: .*(?:{message})") as caught:
        open_teacher(local.candidate(**settings)).connect(shape, NAMES)
    assert caught.value.remedy
    assert "set the student's" not in str(caught.value)


def test_imagenets_normalisation_is_for_colour(local: LocalModel, tmp_path: Path) -> None:
    torch.save(local.module.state_dict(), tmp_path / "bare.pth")
    bare = local.candidate(checkpoint=tmp_path / "bare.pth", model="zoo:convnet4", pixels="imagenet")
    with pytest.raises(TeacherError, match=r"for images of other channels .*expected 3, got 1"):
        open_teacher(bare).connect(SHAPE)
