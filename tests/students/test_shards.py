"""Folders as Hugging Face's hub keeps them, and shards by their index: which file is meant, and what leads astray."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from core.cli import app
from core.config import InputSpec, StudentConfig
from core.errors import InputError
from core.students.formats import read_checkpoint
from core.students.header import read_headers
from core.students.inspection import inspect_checkpoint, look_closer, quick_look
from core.students.load import load_student
from core.students.parts import parts_of, short_name, weights_file
from core.students.uploads import checkpoint_in_folder, list_checkpoints
from tests.support.checkpoints import GREY, write, zoo_module
from tests.support.formats import WAYS

TENSORS = {name: torch.full((2,), float(number)) for number, name in enumerate("abcdef")}
NAME = "mobilenetv3_small_050"
SPEC = InputSpec(channels=3, height=64, width=64, mean=(0.5,) * 3, std=(0.25,) * 3)
TIMM = {"architecture": NAME, "num_classes": 3, "label_names": ["cat", "dog", "fox"],
        "pretrained_cfg": {"input_size": [3, 64, 64], "mean": [0.5] * 3, "std": [0.25] * 3}}  # fmt: skip
PROCESSOR = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "size": {"height": 64, "width": 64}}


def hub(way: str, path: Path, **files: object) -> Path:
    """A folder of a small network of timm's, with JSON files beside its weights."""
    path.mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = timm.create_model(NAME, num_classes=3)
    WAYS[way](module.state_dict(), path)
    for name, content in files.items():
        (path / f"{name}.json").write_text(json.dumps(content))
    return path


# From a path to a student, at every door


@pytest.mark.parametrize("way", ["folder", "bin folder of shards"])
def test_a_folder_that_says_everything_is_a_student_by_its_path_alone(tmp_path: Path, way: str) -> None:
    path = hub(way, tmp_path / "net-0.5", config=TIMM)

    student = load_student(StudentConfig(checkpoint=path), "cpu")
    found = inspect_checkpoint(StudentConfig(checkpoint=path))

    assert (student.name, student.architecture, student.input) == ("net-0.5", f"timm:{NAME}", SPEC)
    assert student.class_names == ("cat", "dog", "fox")
    assert found.error is None and found.summary is not None
    assert (found.summary.sha256, found.summary.name) == (student.sha256, student.name)


@pytest.mark.parametrize("way", ["folder of shards", "bin folder"])
def test_a_folder_that_does_not_name_its_architecture_is_recognised(tmp_path: Path, way: str) -> None:
    told = {"id2label": {"0": "cat", "1": "dog", "2": "fox"}}
    path = hub(way, tmp_path / "net", config=told, preprocessor_config=PROCESSOR)

    look = look_closer(path)

    assert f"timm:{NAME}" in (look.matches[0].architecture, *look.matches[0].same)
    assert (look.config.input, look.config.class_names) == (SPEC, ("cat", "dog", "fox"))
    assert look.parameters == sum(weight.numel() for weight in timm.create_model(NAME, num_classes=3).parameters())
    assert (quick_look(path) is None) == way.startswith("bin")


@pytest.mark.parametrize("way", ["folder of shards", "ckpt"])
def test_the_command_line_recognises_it(tmp_path: Path, way: str) -> None:
    folder = hub(way, tmp_path / "net")
    path = folder if way.startswith("folder") else folder / "last.ckpt"
    said = CliRunner().invoke(app, ["students", "recognise", str(path)])
    assert said.exit_code == 0 and NAME in said.output


def test_headers_of_shards_are_those_of_one_file(tmp_path: Path) -> None:
    whole, index = WAYS["safetensors"](TENSORS, tmp_path), WAYS["index"](TENSORS, tmp_path)
    one, all_parts = read_headers(whole), read_headers(index)
    assert one is not None and all_parts is not None
    assert {name: info.shape for name, info in all_parts.tensors.items()} == {
        name: info.shape for name, info in one.tensors.items()
    }


# Lightning's


def test_lightnings_hyper_parameters_may_name_the_classes(tmp_path: Path) -> None:
    module = zoo_module()
    state = {f"net.{name}": tensor for name, tensor in module.state_dict().items()}
    content = {"state_dict": state, "hyper_parameters": {"lr": 0.1, "class_names": list("tuvwxyz")}}
    torch.save(content, tmp_path / "epoch=9.ckpt")

    config = StudentConfig(checkpoint=tmp_path / "epoch=9.ckpt", architecture="zoo:convnet4", input=GREY)

    assert load_student(config, "cpu").class_names == tuple("tuvwxyz")


# Which file of a folder


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["model.safetensors", "pytorch_model.bin", "training_args.bin"], "model.safetensors"),
        (["pytorch_model.bin", "model.safetensors.index.json"], "model.safetensors.index.json"),
        (["pytorch_model.bin", "optimizer.pt", "weights.safetensors"], "pytorch_model.bin"),
        (["weights.safetensors", "notes.txt", "config.json"], "weights.safetensors"),
        (["best.safetensors.index.json", "best-00001-of-00001.safetensors"], "best.safetensors.index.json"),
    ],
)
def test_the_usual_file_is_meant_or_the_only_one(tmp_path: Path, names: list[str], meant: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"weights")
    assert weights_file(tmp_path) == tmp_path / meant


@pytest.mark.parametrize(
    ("names", "fragment"),
    [
        ([], "holds no weights (expected model.safetensors, model.safetensors.index.json, pytorch_model.bin"),
        (["config.json", "model.h5"], "holds no weights"),
        (["model-00001-of-00002.safetensors"], "holds no weights"),
        (["a.pt", "b.pt", "c.ckpt", "d.pth"], "holds 4 files that may be its weights (expected one, got a.pt, b.pt, c"),
    ],
)
def test_a_folder_that_leaves_it_open(tmp_path: Path, names: list[str], fragment: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"weights")
    with pytest.raises(InputError) as caught:
        weights_file(tmp_path)
    assert f"the folder {tmp_path.name} {fragment}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "short"),
    [("net.v2.pt", "net.v2"), ("model.safetensors.index.json", "model"), ("folder.v2", "folder.v2")],
)
def test_what_a_student_is_called(tmp_path: Path, name: str, short: str) -> None:
    if short == name:
        (tmp_path / name).mkdir()
    assert short_name(tmp_path / name) == short


def test_the_hubs_cache_keeps_its_files_elsewhere_as_links(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--who--net" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parent.parent / "blobs").mkdir()
    for name in ("model.safetensors", "config.json"):
        (snapshot / name).symlink_to(Path("../../blobs") / name)
    write(snapshot.parent.parent / "blobs" / "model.safetensors", zoo_module().state_dict())
    (snapshot / "config.json").write_text("{}")

    assert load_student(StudentConfig(checkpoint=snapshot), "cpu").architecture == "zoo:convnet4"


# Indexes that do not fit


def index_of(folder: Path, change: Callable[[dict[str, str]], object]) -> Path:
    index = WAYS["index"](TENSORS, folder)
    content = json.loads(index.read_text())
    change(content["weight_map"])
    index.write_text(json.dumps(content))
    return index


FIRST, SECOND = "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (lambda where: where.update(g=FIRST), f"{FIRST} lacks 1 tensor that its index names (got g)"),
        (lambda where: where.pop("a"), f"{FIRST} has 1 tensor that its index does not name there (got a)"),
        (lambda where: where.update(a=SECOND), f"{FIRST} has 1 tensor that its index does not name there (got a)"),
        (lambda where: where.update(g="model-4.safetensors"), "model-4.safetensors does not exist"),
        (lambda where: where.update(g="model-4.h5"), "model-4.h5 does not exist"),
    ],
)
def test_an_index_and_its_files_say_the_same(
    tmp_path: Path, change: Callable[[dict[str, str]], object], fragment: str
) -> None:
    index = index_of(tmp_path, change)
    for read in (read_checkpoint, read_headers):
        if not (read is read_headers and "h5" in fragment):
            with pytest.raises(InputError) as caught:
                read(index)
            assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "{}", '{"weight_map": {}}', '{"weight_map": ["a"]}', '{"weight_map": {"a": 1}}',
     '{"weight_map": {"a": "b"}, "weight_map": {"a": "c"}}', '{"weight_map": {"a": "b", "a": "c"}}',
     "[" * 100_000, "\ufeff{}", "version https://git-lfs.github.com/spec/v1\n", " " * (4 * 2**20 + 1)],
)  # fmt: skip
def test_what_is_no_index(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(text)
    with pytest.raises(InputError, match="is no index of shards" if text else "is empty"):
        parts_of(tmp_path)


# In the folder that the app may read


@pytest.fixture
def allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "allowed"
    for way, name in (("folder", "whole"), ("folder of shards", "parts"), ("folder of one file", "other")):
        (folder / name).mkdir(parents=True)
        WAYS[way](TENSORS, folder / name)
    save_file(TENSORS, folder / "whole" / "epoch3.safetensors")
    WAYS["index"](TENSORS, folder)
    (folder / "none").mkdir()
    (folder / "astray").mkdir()
    (tmp_path / "secret.safetensors").write_bytes(b"weights")
    (folder / "astray" / "model.safetensors").symlink_to(tmp_path / "secret.safetensors")
    monkeypatch.setenv("AUDIT_CHECKPOINTS", str(folder))
    return folder


def test_folders_and_indexes_are_listed_in_place_of_their_files(allowed: Path) -> None:
    names = [path.as_posix() for path in list_checkpoints()]

    assert names == ["model.safetensors.index.json", "other/last.ckpt", "parts", "whole", "whole/epoch3.safetensors"]
    assert [set(read_checkpoint(checkpoint_in_folder(name)).tensors) for name in names] == [set(TENSORS)] * len(names)


def test_a_folder_may_be_named_by_its_whole_path(allowed: Path) -> None:
    assert checkpoint_in_folder(f"{allowed}{os.sep}parts{os.sep}") == allowed / "parts"


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("none", "the folder none holds no weights"),
        ("astray", "astray leads out of its folder"),
        ("astray/model.safetensors", "is not inside the checkpoints folder"),
        ("..", "is not inside the checkpoints folder"),
    ],
)
def test_a_folder_that_is_refused(allowed: Path, text: str, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        checkpoint_in_folder(text)
    assert fragment in str(caught.value)
