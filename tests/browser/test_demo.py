"""The demo, as someone meets it who has just cloned the project."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from core.runs.folder import all_runs

pytestmark = pytest.mark.browser

AUDIT = 150_000  # milliseconds that an audit may take on a busy machine


def test_from_the_home_page_to_the_verdict(page: Page, visit) -> None:
    visit(page)
    page.get_by_role("radio", name="Quick").click()
    page.get_by_role("button", name="Run the demo audit").click()

    expect(page.get_by_role("heading", name="Demo: amber")).to_be_visible()
    expect(page.get_by_alt_text("Contact sheet of synthesised probes")).to_be_visible(timeout=AUDIT)

    expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=AUDIT)
    (run,) = all_runs()
    first = run.results().ranking[0].candidate
    expect(page.get_by_role("heading", name=f"{first} answers most like the student")).to_be_visible()
    assert f"results?run={run.run}" in page.url
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    expect(page.get_by_text("was distilled from resnet14")).to_have_count(0)
    page.get_by_text("Show the truth").click()
    expect(page.get_by_text("was distilled from").last).to_be_visible()

    for tab, content in (("Baselines", "White noise"), ("Probes", "student"), ("Details", "Seed")):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text(content, exact=False).last).to_be_visible()

    with page.expect_download() as report:
        page.get_by_role("button", name="Report").click()
    assert first in report.value.path().read_text()
    with page.expect_download() as results:
        page.get_by_role("button", name="JSON").click()
    assert results.value.path().read_text() == (run.path / "results.json").read_text()
