"""What a run survives: fresh servers, reloads, second tabs, a killed server, a killed worker. And cancelling it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.runs.control import start_run
from core.runs.folder import RunFolder
from tests.browser.conftest import App, Watch, settled
from tests.support.audits import tiny_audit, wait_for
from tests.support.runs import make_run
from tests.support.served import serve_folder

pytestmark = pytest.mark.browser

LONG = 30_000  # steps: longer than any test looks on
SLOW = 90_000  # milliseconds on a busy machine


def end(folder: RunFolder) -> None:
    folder.request_cancel()
    wait_for(folder, lambda state: state.status != "running")


@pytest.mark.parametrize(("path", "words"), [("run", "Open the results"), ("results", "Verdict: ranking only")])
def test_a_deep_link_works_on_a_fresh_server(page: Page, visit, path: str, words: str) -> None:
    folder = make_run("done")
    visit(page, f"{path}?run={folder.run}")
    expect(page.get_by_text(words).first).to_be_visible()


def test_a_link_to_no_run_says_so(page: Page, visit) -> None:
    visit(page, "run?run=nonsense")
    expect(page.get_by_text("There is no run", exact=False)).to_be_visible()


def test_a_reload_and_a_second_tab_show_the_same_run(context: BrowserContext, page: Page, visit, zoo: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        folder = start_run(tiny_audit(zoo, served, steps=LONG))
        visit(page, f"run?run={folder.run}")
        expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible(timeout=SLOW)
        page.reload()
        expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible()
        second = context.new_page()
        visit(second, f"run?run={folder.run}")
        expect(second.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible()
        assert folder.status() == "running"
        end(folder)
        for tab in (page, second):
            expect(tab.get_by_text("You stopped this run.")).to_be_visible(timeout=SLOW)


def test_cancel_stops_the_worker(page: Page, visit, zoo: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        folder = start_run(tiny_audit(zoo, served, steps=LONG))
        visit(page, f"run?run={folder.run}")
        expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible(timeout=SLOW)
        pid = folder.state().pid
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Stop the audit").click()
        expect(page.get_by_text("You stopped this run.")).to_be_visible(timeout=SLOW)
        assert folder.status() == "cancelled"
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=30)
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_a_second_audit_waits_in_line(page: Page, visit, zoo: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        first = start_run(tiny_audit(zoo, served, steps=LONG))
        wait_for(first, lambda state: state.status == "running")
        second = start_run(tiny_audit(zoo, served, name="Second"))
        visit(page, f"run?run={second.run}")
        expect(page.get_by_text("2nd in line", exact=False)).to_be_visible(timeout=SLOW)
        end(first)
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=SLOW)


def test_a_run_outlives_the_apps_server(app: App, page: Page, visit, watch: Watch, zoo: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        folder = start_run(tiny_audit(zoo, served, steps=LONG))
        visit(page, f"run?run={folder.run}")
        expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible(timeout=SLOW)
        watch.server_is_down = True
        app.kill()
        before = len(list(folder.events()))
        wait_for(folder, lambda state: len(list(folder.events())) > before)
        app.start()
        page.reload()
        settled(page)
        watch.server_is_down = False
        expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible(timeout=SLOW)
        assert folder.status() == "running"
        end(folder)
        expect(page.get_by_text("You stopped this run.")).to_be_visible(timeout=SLOW)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_worker_is_resumed_without_asking_again(page: Page, visit, zoo: Path) -> None:
    batch, probes = 5, 40
    with serve_folder(zoo / "candidates", latency=0.4, max_batch=batch) as served:
        folder = start_run(tiny_audit(zoo, served, probes=probes))
        visit(page, f"run?run={folder.run}")
        wait_for(folder, lambda state: state.sent >= 40 and state.phase == "ask")
        os.kill(folder.state().pid, signal.SIGKILL)
        expect(page.get_by_text("The worker of this run is gone", exact=False)).to_be_visible(timeout=SLOW)
        asked = served.images()

        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=SLOW)
        for name, images in served.images().items():
            needed = 3 * probes + 2  # three sets, and two test images, whose answers are kept for an hour
            assert needed <= images <= needed + 2 + batch, (
                f"{name} was asked {images} times, {asked[name]} before the kill"
            )
    assert folder.results().queries.cached == 0  # answers of the chunk in flight were this run's own, too
