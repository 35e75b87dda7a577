"""However a student is kept, in one file, in shards or in a folder, the same promises hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from core.config import StudentConfig
from core.errors import InputError
from core.students.formats import CHECKPOINT_FORMATS, read_checkpoint, suffixes
from core.students.load import load_student
from core.students.parts import parts_of, sha256_of
from core.students.recognition import recognise
from tests.support.checkpoints import GREY, zoo_module
from tests.support.formats import FILES, WAYS, Writer

TENSORS = {
    "a.weight": torch.arange(6.0).view(2, 3),
    "a.half": torch.tensor([0.5, -2.0], dtype=torch.float16),
    "a.bfloat": torch.tensor([1.0, 3.0], dtype=torch.bfloat16),
    "a.count": torch.tensor(7),
    "a.none": torch.empty(0, 4),
}
GREY_IMAGES = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=WAYS)
def write(request: pytest.FixtureRequest) -> Writer:
    return WAYS[request.param]


def test_the_tensors_are_those_that_were_written(tmp_path: Path, write: Writer) -> None:
    found = read_checkpoint(write(TENSORS, tmp_path)).tensors

    assert set(found) == set(TENSORS)
    for key, tensor in TENSORS.items():
        assert found[key].dtype == tensor.dtype and found[key].device.type == "cpu"
        assert torch.equal(found[key], tensor)


def test_the_answers_are_those_of_the_module(tmp_path: Path, write: Writer) -> None:
    module = zoo_module()
    config = StudentConfig(checkpoint=write(module.state_dict(), tmp_path), architecture="zoo:convnet4", input=GREY)

    student = load_student(config, "cpu")

    torch.testing.assert_close(student(GREY_IMAGES), module((GREY_IMAGES - 0.25) / 0.5))
    assert student.sha256 == sha256_of(config.checkpoint)


def test_the_architecture_is_recognised(tmp_path: Path, write: Writer) -> None:
    module = torchvision.models.squeezenet1_1(num_classes=7)
    wrapped = {f"model._orig_mod.{name}": tensor for name, tensor in module.state_dict().items()}

    tensors = read_checkpoint(write(wrapped, tmp_path)).tensors

    best = recognise({name: tuple(tensor.shape) for name, tensor in tensors.items()})[0]
    assert (best.architecture, best.classes, best.prefix) == ("torchvision:squeezenet1_1", 7, "model._orig_mod.")


def test_the_hash_is_that_of_the_weights_wherever_they_are(tmp_path: Path, write: Writer) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder in folders:
        folder.mkdir()
    one, two, other = (
        write(tensors, folder)
        for tensors, folder in zip((TENSORS, TENSORS, TENSORS | {"a.count": torch.tensor(8)}), folders, strict=True)
    )

    content = b"".join(path.read_bytes() for path in sorted(parts_of(one)))
    assert sha256_of(one) == sha256_of(two) == hashlib.sha256(content).hexdigest()
    assert sha256_of(one) != sha256_of(other)


# Damage


def largest_part(path: Path) -> Path:
    return max(parts_of(path), key=lambda part: part.stat().st_size)


def refusal(path: Path) -> str:
    """What reading is refused with, which is also what hashing is refused with where the file cannot be found."""
    with pytest.raises(InputError) as caught:
        read_checkpoint(path)
    assert caught.value.remedy
    return str(caught.value)


def test_what_is_not_there(tmp_path: Path, write: Writer) -> None:
    path = write(TENSORS, tmp_path)
    part = largest_part(path)
    part.unlink()
    assert ("holds no weights" if path.is_dir() and "-of-" not in part.name else "does not exist") in refusal(path)
    with pytest.raises(InputError):
        sha256_of(path)


def test_what_is_empty(tmp_path: Path, write: Writer) -> None:
    path = write(TENSORS, tmp_path)
    largest_part(path).write_bytes(b"")
    assert "is empty (got 0 bytes)" in refusal(path)


@pytest.mark.parametrize("kept", [1, 8, 9, 100, 0.5, 0.99])
def test_what_is_cut_off(tmp_path: Path, write: Writer, kept: float) -> None:
    path = write(TENSORS, tmp_path)
    part = largest_part(path)
    whole = part.read_bytes()
    part.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    assert part.name in refusal(path)


@pytest.mark.parametrize("name", ["weights.h5", "weights", "weights.safetensors.txt"])
@pytest.mark.parametrize("write", FILES.values(), ids=FILES)
def test_what_ends_like_something_else(tmp_path: Path, write: Writer, name: str) -> None:
    path = write(TENSORS, tmp_path).rename(tmp_path / name)
    assert "does not end like a checkpoint" in refusal(path)
    assert f"{tmp_path.name} holds no weights" in refusal(tmp_path)


# Formats


@pytest.mark.parametrize("name", CHECKPOINT_FORMATS)
def test_a_format_knows_its_own_files_by_content_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / "weights"
    {"safetensors": save_file, "PyTorch": torch.save}[name](TENSORS, path)

    assert [other for other, known in CHECKPOINT_FORMATS.items() if known.matches(path)] == [name]


def test_endings_belong_to_one_format_each_whatever_their_case(tmp_path: Path) -> None:
    written = {write(TENSORS, tmp_path).suffix for write in FILES.values()}
    assert sorted(suffixes()) == sorted(written)
    save_file(TENSORS, tmp_path / "s.SafeTensors")
    assert set(read_checkpoint(tmp_path / "s.SafeTensors").tensors) == set(TENSORS)


def test_metadata_come_with_safetensors(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "s.safetensors", {"architecture": "zoo:vgg7"})

    assert read_checkpoint(tmp_path / "s.safetensors").metadata == {"architecture": "zoo:vgg7"}
