"""Programs and candidates that are programs: recognised without running, and not run unless they are trusted."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from core.candidates import CandidateConfig
from core.config import StudentConfig
from core.errors import InputError, TeacherError
from core.students.inspection import look_closer
from core.students.load import load_student
from core.students.programs import program_kind
from core.teachers.local import local_config
from tests.support.checkpoints import GREY, zoo_module
from tests.support.programs import batch, exported, scripted, traced, trusted
from tests.test_seams import PROJECT


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but its files are about
        yield


def marking(folder: Path, marker: Path) -> Path:
    """TorchScript that makes a file when it is read."""

    class Trap(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.place: str = str(marker)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images

        @torch.jit.export
        def __getstate__(self) -> str:
            return self.place

        @torch.jit.export
        def __setstate__(self, place: str) -> None:
            self.place = place + str(torch.from_file(place, True, 1).numel())
            self.training = False

    return scripted(Trap(), batch(GREY), folder)


@pytest.mark.parametrize("shared", [True, False])
def test_nothing_runs_without_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    marker = tmp_path / "it ran"
    path = marking(tmp_path, marker)
    marker.unlink(missing_ok=True)
    if shared:
        monkeypatch.setenv("AUDIT_SHARED", "1")
    config = StudentConfig(checkpoint=path, input=GREY, trusted=shared)

    with pytest.raises(InputError) as caught:
        load_student(config, "cpu")
    with pytest.raises(InputError):
        look_closer(path)
    assert program_kind(path) and not marker.exists()
    assert "export the model's state dict" in caught.value.remedy
    assert ("where other people use this app" if shared else "nothing of it was run") in caught.value.what
    assert ("trusted" in caught.value.remedy) != shared

    monkeypatch.delenv("AUDIT_SHARED", raising=False)
    with pytest.raises(InputError):
        load_student(config.model_copy(update={"trusted": True}), "cpu")  # it is no classifier
    assert marker.exists()  # the trap works


def test_an_exported_program_is_not_read_without_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = exported(zoo_module(), batch(GREY), tmp_path)
    read: list[object] = []
    load = torch.export.load
    monkeypatch.setattr(torch.export, "load", lambda *some: read.append(some) or load(*some))
    with pytest.raises(InputError, match="nothing of it was run"):
        load_student(StudentConfig(checkpoint=path, input=GREY), "cpu")
    assert not read
    load_student(trusted(path), "cpu")
    assert read


def test_a_candidate_is_never_run(tmp_path: Path) -> None:
    path = scripted(zoo_module(), batch(GREY), tmp_path)
    candidate = CandidateConfig(name="A", protocol="local", checkpoint=path, model="zoo:convnet4")
    with pytest.raises(TeacherError, match="is code"):
        local_config(candidate, (1, 28, 28))
    own = candidate.model_copy(update={"checkpoint": tmp_path / "w.pt", "model": "file:model.py:make"})
    torch.save(zoo_module().state_dict(), tmp_path / "w.pt")
    with pytest.raises(TeacherError, match="is code"):
        local_config(own, (1, 28, 28))


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    module = zoo_module()
    torch.save(module.state_dict(), tmp_path / "w.pt")
    found = [program_kind(export(module, batch(GREY), tmp_path)) for export in (scripted, traced, exported)]
    shutil.move(tmp_path / "e.pt2", tmp_path / "renamed.pth")

    assert found == ["TorchScript", "TorchScript", "torch.export"]
    assert program_kind(tmp_path / "renamed.pth") == "torch.export"
    assert program_kind(tmp_path / "w.pt") is None


def test_telling_kinds_needs_no_torch() -> None:
    code = "import sys, core.students.programs, core.students.own_architecture; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
