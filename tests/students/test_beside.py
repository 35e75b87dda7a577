"""A folder as Hugging Face's hub keeps models says what its weights are, and is believed only where it makes sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from core.config import InputSpec, StudentConfig
from core.students.beside import said_beside
from core.students.inspection import quick_look
from core.students.load import load_student

HALVES = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
SPEC = InputSpec(channels=3, height=64, width=96, mean=(0.5,) * 3, std=(0.5,) * 3)
TIMM = {
    "architecture": "mobilenetv3_small_050.lamb_in1k",
    "num_classes": 3,
    "label_names": ["n1", "n2", "n3"],
    "label_descriptions": {"n1": "cat", "n2": "dog"},
    "pretrained_cfg": {"input_size": [3, 64, 96], "num_classes": 1000, **HALVES},
}
PROCESSOR = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 64, "width": 96}}


def folder(path: Path, config: object = None, preprocessor: object = None) -> Path:
    for name, settings in (("config.json", config), ("preprocessor_config.json", preprocessor)):
        if settings is not None:
            (path / name).write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return path / "model.safetensors"


def test_a_folder_of_timm_loads_by_its_path_alone(tmp_path: Path) -> None:
    module = timm.create_model("mobilenetv3_small_050", num_classes=3).eval()
    path = folder(tmp_path, TIMM)
    save_file(module.state_dict(), path)

    look = quick_look(path)
    student = load_student(StudentConfig(checkpoint=path), "cpu")

    assert look is not None and look.config == StudentConfig(
        checkpoint=path, architecture="timm:mobilenetv3_small_050", input=SPEC, class_names=("cat", "dog", "n3")
    )
    assert (student.architecture, student.input, student.class_names) == (
        look.config.architecture,
        SPEC,
        look.config.class_names,
    )
    image = torch.rand(2, 3, 64, 96)
    torch.testing.assert_close(student(image), module((image - 0.5) / 0.5))


def test_names_of_another_head_are_not_taken(tmp_path: Path) -> None:
    assert "class_names" not in said_beside(folder(tmp_path, TIMM | {"num_classes": 4}))


def test_the_file_itself_is_believed_before_those_beside_it(tmp_path: Path) -> None:
    path = folder(tmp_path, TIMM)
    save_file({"w": torch.zeros(1)}, path, {"architecture": "zoo:convnet4"})
    look = quick_look(path)
    assert look is not None and (look.config.architecture, look.config.input) == ("zoo:convnet4", SPEC)


def test_a_folder_of_transformers_tells_classes_and_images(tmp_path: Path) -> None:
    said = said_beside(folder(tmp_path, {"id2label": {"1": "dog", "0": "cat"}}, PROCESSOR))
    assert said == {"class_names": '["cat", "dog"]', "input": SPEC.model_dump_json()}


@pytest.mark.parametrize(
    "change, height, mean",
    [
        ({"size": 32}, 32, 0.5),
        ({"size": {"shortest_edge": 32}}, 32, 0.5),
        ({"do_center_crop": True, "crop_size": {"height": 24, "width": 24}}, 24, 0.5),
        ({"do_center_crop": False, "crop_size": {"height": 24, "width": 24}}, 64, 0.5),
        ({"do_normalize": False}, 64, 0.0),
    ],
)
def test_what_an_image_processor_makes(tmp_path: Path, change: dict[str, object], height: int, mean: float) -> None:
    spec = InputSpec.model_validate_json(said_beside(folder(tmp_path, None, PROCESSOR | change))["input"])
    assert (spec.height, spec.mean) == (height, (mean,) * 3)


@pytest.mark.parametrize(
    "config, preprocessor",
    [
        (None, None),
        ("{", "["),
        ("[" * 100_000, "\ufeff"),
        ([], 3),
        ({"architecture": "resnet18", "num_classes": 10, "input_size": 32}, None),  # somebody's training settings
        ({"pretrained_cfg": HALVES}, {"size": 64}),
        ({"id2label": {"1": "dog"}}, PROCESSOR | {"size": {"longest_edge": 64}}),
        (None, PROCESSOR | {"size": 10**9}),
        (None, PROCESSOR | {"image_std": [0.5, 0.0, 0.5]}),
        (None, PROCESSOR | {"image_mean": "dark"}),
        (None, {"do_normalize": False, "size": "large"}),
        (" " * 5 * 2**20 + json.dumps(TIMM), None),
    ],
)
def test_what_makes_no_sense_says_nothing(tmp_path: Path, config: object, preprocessor: object) -> None:
    assert said_beside(folder(tmp_path, config, preprocessor)) == {}
