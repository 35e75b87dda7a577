"""A key given to a run opens its candidates and is found nowhere afterwards: real worker, real servers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.candidates import CandidateConfig
from core.reports.html import html_report
from core.runs.control import resume_run, start_run
from core.runs.folder import RunFolder
from core.zoo.server import Moods, create_app
from tests.support.audits import tiny_audit, wait_for
from tests.support.served import Served, serve_folder
from tests.support.serving import serving
from tests.support.zoo import make_zoo

SENTINEL = "sk-sentinel-5b1f0c77a2"
VARIABLE = "AUDIT_KEY_OF_A_TEST"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


class Gateway:
    """ASGI middleware that asks for a key in X-API-Key, and after some calls with it says that it has expired.

    Its errors repeat all headers of the request, and so does one of its own.
    """

    def __init__(self, app: ASGIApp, calls: int) -> None:
        self.app, self.left = app, calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        self.left -= request.method == "POST"
        if request.headers.get("X-API-Key") == SENTINEL and self.left >= 0:
            await self.app(scope, receive, send)
            return
        heard = dict(request.headers)
        error = {"error": f"expired: {heard.get('x-api-key')}, {heard}"}
        await JSONResponse(error, 401, {"X-Debug": str(heard)})(scope, receive, send)


def start(zoo: Path, served: Served, *, steps: int = 10, **settings: object) -> RunFolder:
    config = tiny_audit(zoo, served, steps=steps)
    settings = {"key_env": VARIABLE} | settings
    keyed = tuple(candidate.model_copy(update=settings) for candidate in config.candidates)
    return start_run(config.model_copy(update={"candidates": keyed}), {VARIABLE: SENTINEL})


def files_with_the_key(home: Path) -> list[Path]:
    assert (home / "cache" / "answers.sqlite3").is_file()  # among those that are looked at
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


def test_a_key_that_expires_meanwhile_is_written_nowhere(zoo: Path, home: Path) -> None:
    paths = sorted((zoo / "candidates").glob("*.safetensors"))
    with serving(Gateway(create_app(paths, Moods()), calls=len(paths) + 1)) as url:
        candidates = tuple(CandidateConfig(name=path.stem, url=url, model=path.stem) for path in paths)
        served = SimpleNamespace(candidates=candidates)
        folder = start(zoo, served, key_header="X-API-Key", max_batch=8, max_concurrency=1)
        wait_for(folder, lambda state: state.status not in ("queued", "running"))
    assert folder.status() == "failed"
    assert "expired" in str(folder.state().error) and "•••" in str(folder.state().error)
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
