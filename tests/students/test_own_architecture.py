"""Architectures of one's own: named by file and factory, listed without running, run only where they are trusted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.config import StudentConfig, load_config
from core.errors import InputError
from core.students.load import load_student
from core.students.own_architecture import architectures_folder, offered
from tests.support.checkpoints import GREY, write, zoo_module

SOURCE = """
from pathlib import Path
from torch import nn
from core.zoo.architectures import ARCHITECTURES
Path(__file__).with_name("it ran").touch()

def make(num_classes):
    return ARCHITECTURES["convnet4"].build(1, 28, num_classes)

def seven():
    return make(7)

def two(a, b):
    return None

def broken(num_classes):
    raise SystemExit("gone")

def nothing(num_classes):
    return "a text"

class Module(nn.Module):
    def __init__(self, num_classes=7):
        super().__init__()
        self.network = make(num_classes)
    def forward(self, x):
        return self.network(x)

def _hidden(num_classes):
    return make(num_classes)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write(tmp_path / "s.safetensors", zoo_module().state_dict())


def config(checkpoint: Path, source: Path, factory: str, *, trusted: bool = True) -> StudentConfig:
    return StudentConfig(checkpoint=checkpoint, architecture=f"file:{source}:{factory}", input=GREY, trusted=trusted)


@pytest.mark.parametrize("factory", ["make", "seven"])
def test_its_student_answers_as_the_module(checkpoint: Path, source: Path, factory: str) -> None:
    student = load_student(config(checkpoint, source, factory), "cpu")
    assert (student.num_classes, student.architecture) == (7, f"file:mine.py:{factory}")
    images = torch.rand(3, 1, 28, 28)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (GREY.mean, GREY.std))
    torch.testing.assert_close(student(images), zoo_module()((images - mean) / std), rtol=1e-4, atol=1e-5)


def test_a_class_is_a_factory_too(tmp_path: Path, source: Path) -> None:
    tensors = {f"network.{name}": tensor for name, tensor in zoo_module().state_dict().items()}
    student = load_student(config(write(tmp_path / "w.safetensors", tensors), source, "Module"), "cpu")
    assert len(student.batchnorm_layers) == 4


@pytest.mark.parametrize("shared", [True, False])
def test_nothing_runs_without_trust(
    checkpoint: Path, source: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    marker = source.with_name("it ran")
    if shared:
        monkeypatch.setenv("AUDIT_SHARED", "1")
    with pytest.raises(InputError) as caught:
        load_student(config(checkpoint, source, "make", trusted=shared), "cpu")
    assert ("where other people use this app" if shared else "nothing of it was run") in caught.value.what
    assert not marker.exists()
    monkeypatch.delenv("AUDIT_SHARED", raising=False)
    load_student(config(checkpoint, source, "make"), "cpu")
    assert marker.exists()  # the trap works


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("absent", "defines no 'absent'"),
        ("two", "defines no 'two'"),
        ("_hidden", "defines no '_hidden'"),
        ("broken", "SystemExit: gone"),
        ("nothing", "makes no module"),
    ],
)
def test_each_fault_has_its_message(checkpoint: Path, source: Path, factory: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_student(config(checkpoint, source, factory), "cpu")
    assert words in str(caught.value) and caught.value.remedy


def test_a_file_that_is_not_there_or_no_python(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        load_student(config(checkpoint, tmp_path / "absent.py", "make"), "cpu")
    (tmp_path / "bad.py").write_text("def make(:", encoding="utf-8")
    with pytest.raises(InputError, match="defines no 'make'"):
        load_student(config(checkpoint, tmp_path / "bad.py", "make"), "cpu")
    with pytest.raises(InputError, match="names no architecture in a file"):
        load_student(config(checkpoint, tmp_path / "text.txt", "make"), "cpu")


def test_weights_of_another_network_are_refused(tmp_path: Path, source: Path) -> None:
    other = write(tmp_path / "o.safetensors", zoo_module("resnet8").state_dict())
    with pytest.raises(InputError, match=r"is no file:.*mine.py:make"):
        load_student(config(other, source, "make"), "cpu")


def test_the_app_offers_what_its_folder_defines_and_runs_none_of_it(source: Path) -> None:
    folder = architectures_folder()
    folder.mkdir(parents=True)
    inside = folder / "mine.py"
    inside.write_text(SOURCE, encoding="utf-8")
    (folder / "bad.py").write_text("def make(:", encoding="utf-8")
    (folder / "link.py").symlink_to(source)  # leads out
    names = ["Module", "broken", "make", "nothing", "seven"]
    assert sorted(offered()) == sorted(f"file:{inside}:{name}" for name in names)
    assert not (folder / "it ran").exists()


def test_a_file_of_settings_names_it_beside_itself(tmp_path: Path, checkpoint: Path, source: Path) -> None:
    (tmp_path / "audit.toml").write_text(
        f'serve = "demo"\n[student]\ncheckpoint = "{checkpoint.name}"\narchitecture = "file:mine.py:make"\n'
        "trusted = true\ninput = { channels = 1, height = 28, width = 28, mean = [0.5], std = [0.5] }\n",
        encoding="utf-8",
    )
    student = load_config(tmp_path / "audit.toml").student
    assert student.architecture == f"file:{source}:make"
    assert load_student(student, "cpu").num_classes == 7
