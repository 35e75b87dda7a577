"""Every checkpoint format keeps the same promises."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.errors import InputError
from core.students.formats import CHECKPOINT_FORMATS, read_checkpoint, suffixes

WRITERS: dict[str, Callable[[dict[str, torch.Tensor], Path], object]] = {
    "safetensors": save_file,
    "PyTorch": torch.save,
}
TENSORS = {
    "a.weight": torch.arange(6.0).view(2, 3),
    "a.half": torch.tensor([0.5, -2.0], dtype=torch.float16),
    "a.bfloat": torch.tensor([1.0, 3.0], dtype=torch.bfloat16),
    "a.count": torch.tensor(7),
    "a.none": torch.empty(0, 4),
}


@pytest.fixture(params=CHECKPOINT_FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_reads_what_the_formats_own_writer_wrote(tmp_path: Path, name: str) -> None:
    for suffix in CHECKPOINT_FORMATS[name].suffixes:
        path = tmp_path / f"weights{suffix.upper()}"
        WRITERS[name](TENSORS, path)

        found = read_checkpoint(path).tensors

        assert set(found) == set(TENSORS)
        for key, tensor in TENSORS.items():
            assert found[key].dtype == tensor.dtype and found[key].device.type == "cpu"
            assert torch.equal(found[key], tensor)


def test_knows_its_own_files_by_content_alone(tmp_path: Path, name: str) -> None:
    WRITERS[name](TENSORS, tmp_path / "weights")

    assert [other for other, known in CHECKPOINT_FORMATS.items() if known.matches(tmp_path / "weights")] == [name]


@pytest.mark.parametrize("kept", [1, 8, 9, 100, 0.5, 0.99])
def test_a_part_of_a_file_is_an_input_error(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / f"weights{CHECKPOINT_FORMATS[name].suffixes[0]}"
    WRITERS[name](TENSORS, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])

    with pytest.raises(InputError):
        read_checkpoint(path)


def test_suffixes_belong_to_one_format_each() -> None:
    assert sorted(suffixes()) == sorted({*suffixes()}) == [".bin", ".pt", ".pth", ".safetensors"]


def test_metadata_come_with_safetensors(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "s.safetensors", {"architecture": "zoo:vgg7"})

    assert read_checkpoint(tmp_path / "s.safetensors").metadata == {"architecture": "zoo:vgg7"}
