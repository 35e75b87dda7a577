"""Keys that are typed into the app: they open the API, and no page, file, log or process line shows them."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from core.config import candidates_to_toml
from core.runs.control import create_run
from core.runs.folder import all_runs
from tests.browser.conftest import App
from tests.support.audits import tiny_audit, wait_for
from tests.support.served import Served, serve_folder

pytestmark = pytest.mark.browser

SENTINEL = "sk-sentinel-91d7e3aa40"
VARIABLE = "AUDIT_KEY_OF_A_BROWSER_TEST"
SLOW = 90_000  # milliseconds on a busy machine


def kept_by(home: Path, app: App) -> list[Path]:
    """Files of the workspace, and the app's log, that hold the key."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "worker.log" for path in files) and app.log.is_file()
    return [path for path in [*files, app.log] if SENTINEL.encode() in path.read_bytes()]


def process_lines() -> list[str]:
    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


def name_candidates(page: Page, served: Served, folder: Path) -> None:
    """A demo student, and the candidates of a file."""
    page.get_by_role("radio", name="Demo student").click()
    file = folder / "candidates.toml"
    file.write_text(candidates_to_toml(served.candidates))
    page.get_by_role("button", name="Import").click()
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Replace the list").click()
    page.get_by_text("Keys", exact=True).click()


def test_a_key_that_a_server_repeats_is_not_shown(
    app: App, page: Page, visit, zoo: Path, home: Path, tmp_path: Path
) -> None:
    with serve_folder(zoo / "candidates") as served:
        served.echo_keys()
        visit(page, "setup")
        name_candidates(page, served, tmp_path)
        for candidate in served.candidates:
            field = page.get_by_role("textbox", name=f"Key for {candidate.name}")
            expect(field).to_have_attribute("type", "password")
            field.fill(SENTINEL)
            field.press("Enter")
        expect(page.get_by_text("In use: the key for ash, elm, oak")).to_be_visible()
        page.get_by_role("button", name="Test connections").click()
        expect(page.get_by_text("the key was Bearer •••")).to_have_count(len(served.candidates), timeout=SLOW)
        assert SENTINEL not in page.locator("body").inner_text()

        page.get_by_role("button", name="Start the audit").click()
        page.get_by_role("button", name="Send them and start").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("the key was Bearer •••").first).to_be_visible()
        assert SENTINEL not in page.content()

    page.get_by_role("link", name="New audit").click()
    expect(page.get_by_text(f"Key for {served.candidates[0].name}")).to_be_attached()
    assert SENTINEL not in page.content()
    (run,) = all_runs()
    assert run.status() == "failed"
    assert kept_by(home, app) == []


def test_a_resumed_run_asks_for_its_key_and_goes_on(app: App, page: Page, visit, zoo: Path, home: Path) -> None:
    with serve_folder(zoo / "candidates", api_key=SENTINEL, latency=0.3) as served:
        config = tiny_audit(zoo, served)
        keyed = tuple(candidate.model_copy(update={"key_env": VARIABLE}) for candidate in config.candidates)
        folder = create_run(config.model_copy(update={"candidates": keyed}))
        folder.write_state(folder.state().model_copy(update={"status": "cancelled"}))
        visit(page, f"run?run={folder.run}")

        page.get_by_role("button", name="Resume", exact=True).click()
        form = page.get_by_test_id("stPopoverBody")
        form.get_by_role("textbox", name="Key for").fill(SENTINEL)
        form.get_by_role("button", name="Resume the audit").click()
        wait_for(folder, lambda state: state.phase == "ask")
        lines = process_lines()
        assert any(folder.run in line for line in lines)
        assert not any(SENTINEL in line for line in lines)
        assert SENTINEL not in page.content()
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=SLOW)

    assert SENTINEL not in page.content()
    with page.expect_download() as report:
        page.get_by_role("button", name="Report").click()
    assert SENTINEL not in report.value.path().read_text()
    assert kept_by(home, app) == []
