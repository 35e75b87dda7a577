"""The candidates' table, used by hand: filled by the form, edited in a cell, kept while other pages are looked at."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ROW, MARKER = 35, 33  # pixels: height of a row, width of the column to tick


def add(page: Page, values: dict[str, str]) -> None:
    """Fill the form, which stays open for the next one, and send it."""
    form = page.get_by_test_id("stPopoverBody")
    for label, value in values.items():
        form.get_by_role("textbox", name=label, exact=True).fill(value)
    form.get_by_role("button", name="Add it").click()
    expect(page.get_by_text(f"Key for {values['Name']}")).to_be_attached()


def rename(page: Page, row: int, old: str, new: str) -> None:
    """Edit the name in a row, 1 for the first. The table is painted, so that a place in it is all there is to name."""
    table = page.get_by_role("region", name="Candidates")
    table.click(position={"x": MARKER + ROW, "y": (row + 0.5) * ROW})
    page.keyboard.press("Enter")
    cell = page.locator("#portal textarea")
    expect(cell).to_have_value(old)
    cell.fill(new)
    cell.press("Enter")


def exported(page: Page, folder: Path) -> list[dict[str, object]]:
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    started.value.save_as(folder / "candidates.toml")
    return tomllib.loads((folder / "candidates.toml").read_text())["candidates"]


def test_a_candidate_is_added_edited_and_kept(page: Page, visit, tmp_path: Path) -> None:
    visit(page, "setup")
    page.get_by_role("button", name="Add", exact=True).click()
    add(page, {"Name": "first", "Address": "http://127.0.0.1:9001", "Model": "vgg"})
    add(page, {"Name": "second", "Address": "http://127.0.0.1:9002/", "Model": "vit"})
    page.keyboard.press("Escape")
    rename(page, 2, "second", "third")
    expect(page.get_by_text("Key for third")).to_be_attached()

    wanted = [
        {"name": "first", "url": "http://127.0.0.1:9001", "model": "vgg"},
        {"name": "third", "url": "http://127.0.0.1:9002", "model": "vit"},
    ]
    assert exported(page, tmp_path) == wanted
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible()
    page.get_by_role("link", name="New audit").click()
    expect(page.get_by_text("Key for third")).to_be_attached()
    assert exported(page, tmp_path) == wanted
