"""The candidates, by hand: added by a form, discovered, tested, asked within a budget, and asked again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.runs.folder import all_runs
from tests.browser.conftest import choose_quick_and_ask_anyway, settled
from tests.support.served import serve_folder

pytestmark = pytest.mark.browser

SLOW = 150_000  # milliseconds that an audit may take on a busy machine


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def add(page: Page, values: dict[str, str]) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    for label, value in values.items():
        dialog(page).get_by_role("textbox", name=label, exact=True).fill(value)
    dialog(page).get_by_role("button", name="Save").click()
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_text(f"Key for {values['Name']}")).to_be_attached()


def exported(page: Page, folder: Path) -> list[dict[str, object]]:
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    started.value.save_as(folder / "candidates.toml")
    return tomllib.loads((folder / "candidates.toml").read_text())["candidates"]


def test_a_candidate_is_added_edited_and_kept(page: Page, visit, tmp_path: Path) -> None:
    visit(page, "setup")
    add(page, {"Name": "first", "Address": "http://127.0.0.1:9001", "Model": "vgg"})
    add(page, {"Name": "second", "Address": "http://127.0.0.1:9002/", "Model": "vit"})
    page.get_by_role("button", name="Edit").nth(1).click()
    expect(dialog(page).get_by_role("textbox", name="Name")).to_have_value("second")
    dialog(page).get_by_role("textbox", name="Name").fill("third")
    dialog(page).get_by_role("tab", name="Limits").click()
    dialog(page).get_by_role("spinbutton", name="Requests at a time").fill("4")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.get_by_text("Key for third")).to_be_attached()

    wanted = [
        {"name": "first", "url": "http://127.0.0.1:9001", "model": "vgg"},
        {"name": "third", "url": "http://127.0.0.1:9002", "model": "vit", "max_concurrency": 4},
    ]
    assert exported(page, tmp_path) == wanted
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible()
    page.get_by_role("link", name="New audit").click()
    expect(page.get_by_text("Key for third")).to_be_attached()
    assert exported(page, tmp_path) == wanted
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("Key for first")).to_have_count(0)
    assert exported(page, tmp_path) == wanted[1:]


def test_discovered_tested_and_asked_beyond_a_first_budget(page: Page, visit, zoo: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        visit(page, "setup")
        page.get_by_role("radio", name="Demo student").click()
        settled(page)
        page.get_by_role("button", name="Discover").click()
        dialog(page).get_by_role("textbox", name="Address").fill(f"{served.url}/v2/")
        dialog(page).get_by_role("button", name="Look").click()
        dialog(page).get_by_role("button", name="Add 3 to the list").click()
        expect(dialog(page)).to_have_count(0)
        page.get_by_role("button", name="Test connections").click()
        expect(page.get_by_role("region", name="Answers to the test images")).to_be_visible(timeout=SLOW)
        settled(page)
        assert served.images() == {"oak": 2, "elm": 2, "ash": 2}

        choose_quick_and_ask_anyway(page)
        page.get_by_role("spinbutton", name="Budget, images").fill("120")
        page.get_by_role("spinbutton", name="Budget, images").press("Enter")
        expect(page.get_by_text("The budget of the audit itself does not pay for all probes")).to_be_visible()
        settled(page)
        page.get_by_role("button", name="Start the audit").click()
        expect(dialog(page).get_by_text("120 images")).to_be_visible()
        assert served.images() == {"oak": 2, "elm": 2, "ash": 2}
        dialog(page).get_by_role("button", name="Send them and start").click()

        expect(page.get_by_text("Not everything was asked")).to_be_visible(timeout=SLOW)
        first = all_runs()[0].results().shortfalls
        (run,) = all_runs()
        assert sum(served.images().values()) - 6 == run.results().queries.sent <= 120
        page.get_by_role("button", name="Raise the budget and go on").click()
        expect(page.get_by_text("Not everything was asked")).to_have_count(0, timeout=SLOW)
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=SLOW)
        assert run.results().complete, (run.budgets().run, run.results().queries, [(s.asked, s.planned) for s in first])
        assert served.images() == {name: 2 + 2 + 3 * 50 for name in ("oak", "elm", "ash")}
