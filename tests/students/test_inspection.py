import hashlib
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from core.config import StudentConfig
from core.errors import InputError
from core.students import inspect, inspection
from core.students.architectures import list_architectures
from core.students.inspection import architectures, inspect_checkpoint, look_closer, quick_look
from tests.support.checkpoints import GREY, NAMES, write, zoo_module

TORCH_FREE = """
import sys
import core.students.declared, core.students.files, core.students.formats, core.students.header
import core.students.inspection, core.students.uploads
print([name for name in sys.modules if name.partition(".")[0] in ("torch", "torchvision", "streamlit")])
"""


def parameters_of(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_what_pages_import_brings_no_torch() -> None:
    found = subprocess.run([sys.executable, "-c", TORCH_FREE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# Really loaded, in another process


def test_a_good_checkpoint_is_loaded_and_summed_up(tmp_path: Path) -> None:
    module = zoo_module(classes=200)
    names = tuple(f"class {i} of {'x' * 900}" for i in range(200))  # more than fits an argument of a command
    path = write(tmp_path / "good.safetensors", module.state_dict(), num_classes="200", without=("class_names",))

    found = inspect_checkpoint(StudentConfig(checkpoint=path, class_names=names))

    assert found.error is None and found.ok and found.summary is not None
    assert found.summary.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.summary.model_dump(exclude={"sha256"}) == {
        "name": "good",
        "architecture": "zoo:convnet4",
        "num_classes": 200,
        "class_names": names,
        "parameters": parameters_of(module),
        "batchnorm_layers": 4,
        "untouched_batchnorm": 0,
        "folded_batchnorm": 0,
        "input": GREY.model_dump(),
    }


def test_a_bad_checkpoint_gives_the_same_error_as_loading_it(tmp_path: Path) -> None:
    path = write(tmp_path / "s.safetensors", zoo_module().state_dict(), architecture="zoo:convnet5")

    found = inspect_checkpoint(StudentConfig(checkpoint=path))

    assert not found.ok and found.summary is None
    assert isinstance(found.error, InputError)
    assert found.error.what == "architecture 'zoo:convnet5' is unknown"
    assert found.error.rule and found.error.remedy.startswith("try zoo:convnet4")


def test_time_runs_out(good: Path) -> None:
    found = inspect_checkpoint(StudentConfig(checkpoint=good), timeout=0.01)

    assert found.error is not None and "good.safetensors was not loaded within 0.01 s" in str(found.error)


@pytest.mark.parametrize(
    ("code", "fragment"),
    [
        ("import os; os.kill(os.getpid(), 9)", "got signal 9"),
        ("raise SystemExit('no room left')", "got exit code 1: no room left"),
        ("print('[]')", "got exit code 0"),
        ('print(\'{"ok": true, "summary": {}}\')', "got exit code 0"),
        ('print(\'{"ok": false, "error": {}}\')', "got exit code 0"),
    ],
)
def test_a_process_that_dies_or_babbles(
    good: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, fragment: str
) -> None:
    (tmp_path / "core/students").mkdir(parents=True)
    for name, text in (("__init__.py", ""), ("students/__init__.py", ""), ("students/inspect.py", code)):
        (tmp_path / "core" / name).write_text(text)
    monkeypatch.setattr(inspection, "ROOT", tmp_path)

    found = inspect_checkpoint(StudentConfig(checkpoint=good))

    assert found.error is not None
    assert "the process that loaded good.safetensors ended without an answer" in str(found.error)
    assert fragment in str(found.error)


# The command itself, in this process


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["none.safetensors"], "none.safetensors does not exist"),
        (["none.safetensors", "--config-json", "{"], "settings are no JSON"),
        (["none.safetensors", "--config-json", "[]"], "no JSON object"),
        (["none.safetensors", "--config-json", '{"num_classes": 1}'], "num_classes"),
        (["none.safetensors", "--config-json", '{"colour": 1}'], "colour"),
    ],
)
def test_a_refusal_is_one_line_of_json(capsys: pytest.CaptureFixture[str], arguments: list[str], fragment: str) -> None:
    assert inspect.main(arguments) == 0

    printed = capsys.readouterr()
    outcome = json.loads(printed.out)
    assert printed.out.count("\n") == 1 and printed.err == ""
    assert outcome["ok"] is False and set(outcome["error"]) == {"what", "rule", "actual", "remedy"}
    assert fragment in outcome["error"]["what"]


def test_the_unforeseen_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, good: Path
) -> None:
    def out_of_memory(config: StudentConfig, device: str) -> None:
        raise MemoryError

    monkeypatch.setattr("core.students.load.load_student", out_of_memory)

    assert inspect.main([str(good)]) == 1

    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["actual"] == "MemoryError"
    assert "Traceback" not in printed.out + printed.err


# Without loading


def test_quick_look(good: Path) -> None:
    look = quick_look(good)

    assert look is not None
    assert (look.tensors, look.parameters) == (len(zoo_module().state_dict()), parameters_of(zoo_module()))
    assert look.config == StudentConfig(
        checkpoint=good, architecture="zoo:convnet4", num_classes=7, input=GREY, class_names=NAMES
    )


def test_quick_look_passes_over_what_it_cannot_read(tmp_path: Path) -> None:
    path = write(tmp_path / "s.safetensors", zoo_module().state_dict(), input="28", num_classes="seven")

    look = quick_look(path)

    assert look is not None
    assert (look.config.input, look.config.num_classes) == (None, None)
    assert (look.config.architecture, look.config.class_names) == ("zoo:convnet4", NAMES)


def test_quick_look_at_a_file_that_says_nothing(tmp_path: Path) -> None:
    save_file({"w": torch.zeros(3, 4)}, tmp_path / "s.safetensors")

    look = quick_look(tmp_path / "s.safetensors")

    assert look is not None and look.parameters == 12
    assert look.config == StudentConfig(checkpoint=tmp_path / "s.safetensors")


def test_quick_look_at_another_format_tells_nothing(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "s.pt")
    assert quick_look(tmp_path / "s.pt") is None


def test_quick_look_at_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "s.safetensors").write_bytes(b"no header")
    with pytest.raises(InputError, match="is no safetensors file"):
        quick_look(tmp_path / "s.safetensors")


def test_architectures_are_asked_for_once(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    asked = Mock(wraps=inspection._ask)
    monkeypatch.setattr(inspection, "_ask", asked)

    assert architectures() == architectures() == list_architectures()
    assert asked.call_count == 1

    (kept,) = (home / "cache").glob("architectures-*")
    kept.write_text("[")  # cut off
    assert architectures() == list_architectures()
    assert asked.call_count == 2


def test_a_closer_look_reads_any_format_and_recognises_it(tmp_path: Path) -> None:
    module = torchvision.models.squeezenet1_1(num_classes=7)
    weights = {f"module.{name}": tensor for name, tensor in module.state_dict().items()}
    names = {name: number for number, name in enumerate("abcdefg")}
    torch.save({"state_dict": weights, "class_to_idx": names, "epoch": 9}, tmp_path / "s.pth")
    look = look_closer(tmp_path / "s.pth")
    assert (look.matches[0].architecture, look.matches[0].classes) == ("torchvision:squeezenet1_1", 7)
    assert look.config.class_names == tuple(names)
    assert look.tensors == 52 and look.parameters == sum(weight.numel() for weight in module.parameters())
    assert look.config.architecture is None


def test_a_closer_look_at_a_file_that_names_its_architecture_asks_nobody(tmp_path: Path) -> None:
    path = write(tmp_path / "s.safetensors", zoo_module().state_dict(), architecture="zoo:convnet4")
    assert look_closer(path) == quick_look(path) and look_closer(path).matches == ()


def test_a_closer_look_at_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "s.pt").write_bytes(b"no pickle")
    with pytest.raises(InputError, match="is no PyTorch file"):
        look_closer(tmp_path / "s.pt")
