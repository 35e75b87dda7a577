"""Every page in light and in dark. With AUDIT_SCREENSHOTS=FOLDER their pictures are kept there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.bench.report import workspace_report
from tests.browser.conftest import App, Watch, settled
from tests.support.benchmark import write_report
from tests.support.runs import make_run

pytestmark = pytest.mark.browser

PAGES = ("", "setup", "run", "results", "history", "benchmark", "guide")


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, in [0, 255]."""
    red, green, blue = (float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(browser: Browser, app: App, watch: Watch, scheme: str) -> None:
    done = make_run("done")
    make_run("failed")
    write_report(workspace_report())
    keep = os.environ.get("AUDIT_SCREENSHOTS")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    context.on("page", watch.attach)
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{app.url}/{path}" + (f"?run={done.run}" if path in ("run", "results") else ""))
        settled(page)
        expect(page.get_by_role("heading").first).to_be_visible()
        background = page.get_by_test_id("stApp").evaluate("element => getComputedStyle(element).backgroundColor")
        assert (luminance(background) < 80) == (scheme == "dark")
        if keep:
            page.wait_for_timeout(1500)  # charts draw themselves in
            page.screenshot(path=Path(keep, f"{path or 'home'}-{scheme}.png"), full_page=True)
    context.close()
    assert watch.faults == []
