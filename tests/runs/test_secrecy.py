"""A key given to a run opens its candidates and is found nowhere afterwards: real worker, real servers."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from core.reports.html import html_report
from core.runs.control import resume_run, start_run
from core.runs.folder import RunFolder
from tests.support.audits import tiny_audit, wait_for
from tests.support.served import Served, serve_folder
from tests.support.zoo import make_zoo

SENTINEL = "sk-sentinel-5b1f0c77a2"
VARIABLE = "AUDIT_KEY_OF_A_TEST"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


def start(zoo: Path, served: Served, *, steps: int = 10) -> RunFolder:
    config = tiny_audit(zoo, served, steps=steps)
    keyed = tuple(candidate.model_copy(update={"key_env": VARIABLE}) for candidate in config.candidates)
    return start_run(config.model_copy(update={"candidates": keyed}), {VARIABLE: SENTINEL})


def files_with_the_key(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and SENTINEL.encode() in path.read_bytes()]


def test_a_key_opens_the_candidates_and_is_written_nowhere(zoo: Path, home: Path) -> None:
    with serve_folder(zoo / "candidates", api_key=SENTINEL) as served:
        folder = start(zoo, served)
        wait_for(folder, lambda state: state.phase is not None)
        lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        assert any("core.runs.worker" in line for line in lines)
        assert not any(SENTINEL in line for line in lines)
        wait_for(folder, lambda state: state.status not in ("queued", "running"))
    assert folder.status() == "done", folder.state().error
    assert (folder.path / "worker.log").is_file()
    assert SENTINEL not in html_report(folder, folder.results())
    assert files_with_the_key(home) == []


def test_a_key_that_a_server_repeats_in_its_error_is_written_nowhere(zoo: Path, home: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        served.echo_keys()
        folder = start(zoo, served)
        wait_for(folder, lambda state: state.status not in ("queued", "running"))
    assert folder.status() == "failed"
    assert "the key was" in str(folder.state().error)
    assert files_with_the_key(home) == []


def test_a_resumed_run_needs_its_key_again(zoo: Path, home: Path) -> None:
    with serve_folder(zoo / "candidates", api_key=SENTINEL) as served:
        folder = start(zoo, served, steps=30_000)
        wait_for(folder, lambda state: state.phase == "synthesise")
        folder.request_cancel()
        wait_for(folder, lambda state: state.status == "cancelled")
        resume_run(folder)
        wait_for(folder, lambda state: state.status == "failed")
        assert VARIABLE in str(folder.state().error)
    assert files_with_the_key(home) == []
