"""The command line as its users call it: exit codes, results on file and standard output, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from core.config import candidates_from_toml, config_to_toml
from core.runs.folder import all_runs
from core.synthesis.settings import InversionConfig
from tests.support.served import serve_folder
from tests.support.zoo import make_zoo

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "assets" / "results.schema.json").read_text())
QUICK = 'probes = 10\nbootstrap = 100\nask_anyway = true\ndevice = "cpu"\n'
SYNTHESIS = "[synthesis]\nsteps = 5\nbatch = 8\n"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "core", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


def audit_file(folder: Path, student: Path, candidates: str) -> Path:
    path = folder / "audit.toml"
    path.write_text(f'{QUICK}{SYNTHESIS}[student]\ncheckpoint = "{student.as_posix()}"\n{candidates}')
    return path


def candidate(url: str, name: str, more: str = "") -> str:
    return f'[[candidates]]\nname = "{name}"\nurl = "{url}"\nmodel = "{name}"\n{more}\n'


def test_an_audit_ends_with_results_on_standard_output_and_in_the_history(zoo: Path, tmp_path: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        candidates = "".join(candidate(served.url, name) for name in ("oak", "elm", "ash"))
        done = command("audit", audit_file(tmp_path, zoo / "students/fern.safetensors", candidates), "--json", "-")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    jsonschema.validate(results, SCHEMA)
    (folder,) = all_runs()
    assert folder.status() == "done"
    assert json.loads((folder.path / "results.json").read_text()) == results
    assert set(results["seconds"]) == {"load", "connect", "synthesise", "check", "ask", "score"}
    first = results["ranking"][0]
    assert first["candidate"] in done.stderr
    assert "not yet evidence" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("name = ", "not a TOML file"),
        ('[student]\ncheckpoint = "none.pt"\n' + candidate("http://127.0.0.1:1", "a"), "there is no checkpoint"),
        ('serve = "demo"\n[student]\ncheckpoint = "junk.safetensors"', "junk.safetensors"),
        (
            QUICK + '[student]\ncheckpoint = "good"\n' + candidate("http://127.0.0.1:1", "a", 'key_env="NOT_SET"'),
            "NOT_SET",
        ),
    ],
)
def test_bad_input_ends_with_2_and_one_message(zoo: Path, tmp_path: Path, content: str | None, words: str) -> None:
    (tmp_path / "junk.safetensors").write_text("this is no checkpoint")
    path = tmp_path / "audit.toml"
    if content:
        path.write_text(content.replace('"good"', f'"{(zoo / "students/fern.safetensors").as_posix()}"'))
    done = command("audit", path)
    assert done.returncode == 2, done.stderr
    message = " ".join(done.stderr.split())
    assert words in message
    assert "Traceback" not in message


def test_an_unreachable_candidate_ends_with_3_and_a_failed_run(zoo: Path, tmp_path: Path) -> None:
    path = audit_file(tmp_path, zoo / "students/fern.safetensors", candidate("http://127.0.0.1:1", "gone"))
    done = command("audit", path)
    assert done.returncode == 3, done.stderr
    assert "gone" in done.stderr
    assert "Traceback" not in done.stderr
    (folder,) = all_runs()
    assert folder.status() == "failed"


def test_a_folder_is_no_place_for_results_and_that_is_said_first(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "out.json"):
        done = command("audit", ROOT / "assets/demo/audit.toml", "--json", place)
        assert done.returncode == 2, done.stderr
        assert "give the path of a file" in " ".join(done.stderr.lower().split())
    assert all_runs() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_results_that_cannot_be_written_are_one_message_and_kept_in_the_run(zoo: Path, tmp_path: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        path = audit_file(tmp_path, zoo / "students/fern.safetensors", candidate(served.url, "oak"))
        done = command("audit", path, "--json", "/dev/full")
    assert done.returncode == 3, done.stderr
    assert "Stopped: a file cannot be written or read" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    (folder,) = all_runs()
    assert folder.results() is not None


def test_another_demo_student_is_refused_by_name() -> None:
    done = command("audit", ROOT / "assets/demo/audit.toml", "--student", "zebra")
    assert done.returncode == 2
    assert "amber" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_cancels_the_run(zoo: Path, tmp_path: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        candidates = "".join(candidate(served.url, name) for name in ("oak", "elm", "ash"))
        path = audit_file(tmp_path, zoo / "students/fern.safetensors", candidates)
        path.write_text(path.read_text().replace("steps = 5", "steps = 100000"))
        process = subprocess.Popen([sys.executable, "-m", "core", "audit", path], cwd=ROOT, stderr=subprocess.PIPE)
        deadline = time.time() + 120
        while time.time() < deadline and not any((run.state().phase == "synthesise") for run in all_runs()):
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert b"Traceback" not in errors
    (folder,) = all_runs()
    assert folder.status() == "cancelled"


def test_doctor_names_what_is_well_and_what_is_not(zoo: Path, tmp_path: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        both = candidate(served.url, "oak") + candidate("http://127.0.0.1:1", "gone")
        done = command("doctor", audit_file(tmp_path, zoo / "students/fern.safetensors", both))
    text = " ".join(done.stdout.split())
    assert done.returncode == 3
    for words in ("ok versions", "ok device", "ok workspace", "ok student", "ok oak", "bad gone"):
        assert words in text
    assert command("doctor").returncode == 0


def test_doctor_tells_of_a_workspace_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIT_HOME", str(tmp_path / "file" / "home"))
    done = command("doctor", ROOT / "assets/demo/audit.toml")
    assert done.returncode == 3, done.stderr
    assert "ok versions" in " ".join(done.stdout.split())
    assert "bad workspace" in done.stdout
    assert "set AUDIT_HOME" in " ".join(done.stdout.split()).replace("Set", "set")


def test_discover_prints_what_a_server_has(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_KEY", "sesame-5e5a4e")
    with serve_folder(zoo / "candidates", api_key="sesame-5e5a4e") as served:
        table = command("discover", served.url, "--key-env", "ZOO_KEY")
        toml = command("discover", served.url, "--key-env", "ZOO_KEY", "--model", "oak", "--toml")
        refused = command("discover", served.url)
    assert table.returncode == 0, table.stderr
    assert all(words in table.stdout for words in ("oak", "elm", "ash", "Open Inference", "1 x 28 x 28"))
    assert "sesame" not in table.stdout + toml.stdout
    (found,) = candidates_from_toml(toml.stdout)
    assert (found.name, found.model, found.key_env, found.url) == ("oak", "oak", "ZOO_KEY", served.url)
    assert toml.stdout.startswith("# oak: ")
    assert refused.returncode == 3
    assert "wants a key" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(("url", "code"), [("http://127.0.0.1:1", 3), ("ftp://127.0.0.1", 2)])
def test_discover_says_why_nothing_was_found(url: str, code: int) -> None:
    done = command("discover", url)
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr


def test_schema_and_zoo_list_print_what_is_shipped() -> None:
    assert json.loads(command("schema").stdout) == SCHEMA
    listed = command("zoo", "list").stdout
    assert "amber" in listed
    assert "vit4" in listed


def test_settings_written_as_toml_are_those_that_are_read(tmp_path: Path) -> None:
    from core.config import load_config
    from core.zoo.demo import demo_config

    config = demo_config().model_copy(update={"synthesis": InversionConfig(steps=7)})
    (tmp_path / "audit.toml").write_text(config_to_toml(config))
    assert load_config(tmp_path / "audit.toml") == config
    assert os.path.isabs(config.student.checkpoint)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zoo", "--dataset", "nope"), "no data set nope"),
        (("run", "--method", "nope"), "no method nope"),
        (("run", "--dataset", "nope"), "no data set nope"),
        (("report", "--score", "nope"), "no score nope"),
        (("report",), "no method has been run on all its students"),
        (("demo", "--student", "nope"), "no demo student nope"),
    ],
)
def test_a_benchmark_that_cannot_be_says_why(arguments: tuple[str, ...], message: str) -> None:
    done = command("bench", *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
