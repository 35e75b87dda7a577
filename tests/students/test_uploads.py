import hashlib
import io
from pathlib import Path

import pytest

from core.config import StudentConfig
from core.errors import InputError
from core.students.files import display_name
from core.students.load import load_student
from core.students.parts import sha256_of
from core.students.uploads import CHUNK, checkpoint_in_folder, list_checkpoints, store_upload

# Uploads


def test_an_upload_is_kept_by_its_content(home: Path) -> None:
    content = bytes(range(256)) * (CHUNK // 100)  # several pieces

    stored = store_upload("Amber.PT", io.BytesIO(content))

    digest = hashlib.sha256(content).hexdigest()
    assert stored == home.resolve() / "uploads" / f"{digest}.pt"
    assert stored.read_bytes() == content
    assert sha256_of(stored) == digest
    assert display_name(stored) == "Amber.PT"


def test_the_same_upload_again_is_the_same_file() -> None:
    data = io.BytesIO(b"weights")
    first = store_upload("a.pt", data)

    assert store_upload("b.pt", data) == first  # read from its beginning, wherever it stood
    assert display_name(first) == "b.pt"
    assert sorted(path.name for path in first.parent.iterdir()) == sorted([first.name, f"{first.stem}.name"])


def test_a_student_goes_by_the_name_it_was_uploaded_under(good: Path) -> None:
    with good.open("rb") as file:
        stored = store_upload("my student.safetensors", file)

    assert load_student(StudentConfig(checkpoint=stored), "cpu").name == "my student"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/evil.pt", "evil.pt"),
        ("C:\\models\\amber.pt", "amber.pt"),
        ("/abs/olute.pt/", "olute.pt"),
        ("a\n\x1b[31mb.pt", "a[31mb.pt"),
        ("tp\u202e.exe.pt", "tp.exe.pt"),
        ("größe 100 %.pt", "größe 100 %.pt"),
        ("x" * 300 + ".pt", "x" * 77 + ".pt"),
        (".pt.pt", ".pt.pt"),
    ],
)
def test_a_name_is_shown_but_never_a_path(home: Path, name: str, shown: str) -> None:
    stored = store_upload(name, io.BytesIO(b"weights"))

    assert stored.parent == home.resolve() / "uploads"
    assert stored.name == hashlib.sha256(b"weights").hexdigest() + ".pt"
    assert display_name(stored) == shown


@pytest.mark.parametrize(
    ("name", "size", "fragment"),
    [
        ("a.exe", 10, "expected one of .safetensors, .pt, .pth, .bin, .ckpt, .pt2, got .exe"),
        ("a", 10, "got no ending"),
        ("", 10, "got no ending"),
        ("a.pt/..", 10, "does not end like a checkpoint"),
        ("a.pt", 0, "a.pt is empty"),
        ("a.pt", 1001, "a.pt is too big to upload (expected at most 1,000 bytes)"),
    ],
)
def test_a_refused_upload_leaves_nothing_behind(home: Path, name: str, size: int, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        store_upload(name, io.BytesIO(bytes(size)), limit=1000)

    assert fragment in str(caught.value)
    assert not list((home / "uploads").rglob("*"))


def test_the_limit_itself_is_allowed() -> None:
    assert store_upload("a.pt", io.BytesIO(bytes(1000)), limit=1000).stat().st_size == 1000


def test_a_workspace_that_cannot_be_written(home: Path) -> None:
    (home / "uploads").write_text("a file where the folder should be")

    with pytest.raises(InputError, match="could not be stored"):
        store_upload("a.pt", io.BytesIO(b"weights"))


# Paths


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The allowed folder; beside it, a checkpoint that is not allowed."""
    path = tmp_path / "allowed"
    (path / "sub").mkdir(parents=True)
    for name in ("a.pt", "sub/b.safetensors", "notes.txt"):
        (path / name).write_bytes(b"weights")
    (tmp_path / "secret.pt").write_bytes(b"weights")
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "allowed-too" / "c.pt").write_bytes(b"weights")
    (path / "out.pt").symlink_to(tmp_path / "secret.pt")
    (path / "out").symlink_to(tmp_path)
    (path / "in.pt").symlink_to(path / "a.pt")
    (path / "circle.pt").symlink_to(path / "circle.pt")
    monkeypatch.setenv("AUDIT_CHECKPOINTS", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.pt", "a.pt"),
        ("  sub/b.safetensors ", "sub/b.safetensors"),
        ("./a.pt", "a.pt"),
        ("in.pt", "a.pt"),
        ("sub", "sub"),
    ],
)
def test_a_path_inside_the_folder(folder: Path, text: str, found: str) -> None:
    assert checkpoint_in_folder(text) == folder / found


def test_an_absolute_path_inside_the_folder(folder: Path) -> None:
    assert checkpoint_in_folder(str(folder / "a.pt")) == folder / "a.pt"


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "no path was given"),
        ("   ", "no path was given"),
        ("../secret.pt", "is not inside the checkpoints folder"),
        ("sub/../../secret.pt", "is not inside"),
        ("sub/../a.pt", "is not inside"),
        ("..\\secret.pt", "is not inside"),
        ("/etc/passwd", "is not inside"),
        ("../allowed-too/c.pt", "is not inside"),
        ("out.pt", "is not inside"),
        ("out/secret.pt", "is not inside"),
        ("out/does-not-exist.pt", "is not inside"),  # and not: there is no such file
        ("circle.pt", "is not inside"),
        ("a\0.pt", "is not inside"),
        ("none.pt", "there is no file none.pt"),
        ("notes.txt", "does not end like a checkpoint"),
    ],
)
def test_a_path_that_is_refused(folder: Path, text: str, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        checkpoint_in_folder(text)

    assert fragment in str(caught.value)


def test_a_sibling_whose_name_begins_alike_is_outside(folder: Path) -> None:
    with pytest.raises(InputError, match="is not inside"):
        checkpoint_in_folder(str(folder.parent / "allowed-too" / "c.pt"))


def test_the_list_holds_what_may_be_named(folder: Path) -> None:
    names = [path.as_posix() for path in list_checkpoints()]

    assert names == ["a.pt", "in.pt", "sub/b.safetensors"]
    assert all(checkpoint_in_folder(name).is_file() for name in names)
