import json
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save, save_file

from core.errors import InputError
from core.students.header import read_header

FLOAT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def file_of(header: object, data: bytes = bytes(8)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_agrees_with_the_library(tmp_path: Path) -> None:
    dtypes = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2, torch.float8_e4m3fn]
    dtypes += [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64]
    tensors = {str(dtype): torch.zeros(2, 3).to(dtype) for dtype in dtypes} | {"scalar": torch.tensor(1.0)}
    path = tmp_path / "s.safetensors"
    save_file(tensors, path, {"format": "pt", "größe": "7"})

    header = read_header(path)

    with safe_open(path, framework="pt") as file:
        assert header.metadata == file.metadata()
        assert {name: list(info.shape) for name, info in header.tensors.items()} == {
            name: file.get_slice(name).get_shape()
            for name in file.keys()  # noqa: SIM118
        }
        assert all(info.dtype == file.get_slice(name).get_dtype() for name, info in header.tensors.items())


def test_a_file_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(file_of({"w": FLOAT}))
    assert read_header(tmp_path / "s").metadata == {}


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        pytest.param(b"short", "is no safetensors file", id="shorter than a length"),
        pytest.param((4 * 2**20 + 1).to_bytes(8, "little") + bytes(100), "at most 4,194,304 bytes", id="too long"),
        pytest.param((1000).to_bytes(8, "little") + b"{}", "expected 1,008 bytes, got 10", id="header cut"),
        pytest.param(file_of({"w": FLOAT}, bytes(7)), "is truncated", id="data cut"),
        pytest.param(file_of({"w": FLOAT}, bytes(9)), "bytes that belong to no tensor", id="bytes left over"),
        pytest.param(file_of(b"\xff\xfe", b""), "it is not JSON", id="no text"),
        pytest.param(file_of(b"{'w': 1}", b""), "it is not JSON", id="no JSON"),
        pytest.param(file_of(b"[" * 100_000, b""), "it is not JSON", id="nested without end"),
        pytest.param(file_of([1]), "it is no JSON object", id="a list"),
        pytest.param(file_of({"__metadata__": {"a": 1}}, b""), "not all strings", id="a number in the metadata"),
        pytest.param(file_of({"__metadata__": "a"}, b""), "not all strings", id="metadata that are a string"),
        pytest.param(file_of(b'{"w": {}, "w": {}}'), "names something twice", id="a name twice"),
        pytest.param(file_of({"w": 1}), "'w' is not a dtype, a shape and two offsets", id="a number for a tensor"),
        pytest.param(file_of({"w": {"dtype": "F32", "shape": [2]}}), "two offsets", id="no offsets"),
        pytest.param(file_of({"w": FLOAT | {"more": 1}}), "two offsets", id="one key too many"),
        pytest.param(file_of({"w": FLOAT | {"data_offsets": [0, 4, 8]}}), "two offsets", id="three offsets"),
        pytest.param(file_of({"w": FLOAT | {"dtype": "F7"}}), "unknown type 'F7'", id="unknown type"),
        pytest.param(file_of({"w": FLOAT | {"shape": [-2]}}), "natural numbers", id="negative shape"),
        pytest.param(file_of({"w": FLOAT | {"shape": [2.0]}}), "natural numbers", id="shape that is a float"),
        pytest.param(file_of({"w": FLOAT | {"shape": [True, 2]}}), "natural numbers", id="shape that is a truth"),
        pytest.param(file_of({"w": FLOAT | {"shape": [10**40]}}), "natural numbers", id="astronomical shape"),
        pytest.param(
            file_of({"w": FLOAT | {"shape": [3]}}), "does not fill its 8 bytes", id="shape and offsets differ"
        ),
        pytest.param(file_of({"w": FLOAT | {"data_offsets": [8, 0]}}), "does not fill its -8", id="offsets swapped"),
        pytest.param(file_of({"w": FLOAT, "v": FLOAT}), "where 8 is next", id="overlap"),
        pytest.param(file_of({"w": FLOAT | {"data_offsets": [4, 12]}}, bytes(12)), "where 0 is next", id="gap"),
    ],
)
def test_damage_has_its_message(tmp_path: Path, content: bytes, fragment: str) -> None:
    (tmp_path / "s.safetensors").write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_header(tmp_path / "s.safetensors")

    assert fragment in str(caught.value)


WHOLE = save({"a": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.int64)}, {"architecture": "zoo:vgg7"})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_no_changed_byte_leads_anywhere_but_to_an_input_error(tmp_path: Path, place: int, value: int) -> None:
    (tmp_path / "s.safetensors").write_bytes(WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
    try:
        header = read_header(tmp_path / "s.safetensors")
    except InputError:
        return
    assert max(info.end for info in header.tensors.values()) == 2 * 3 * 4 + 4 * 8
