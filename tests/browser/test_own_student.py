"""An audit of one's own, set up by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import timm
import torch
from playwright.sync_api import Page, expect

from core.config import candidates_to_toml
from core.runs.folder import all_runs
from core.zoo.datasets.table import DATASETS
from tests.browser.conftest import choose_quick_and_ask_anyway, settled
from tests.support.served import Served, serve_folder
from tests.support.zoo import TINY_ZOO, make_zoo

pytestmark = pytest.mark.browser

COLOUR = DATASETS["fashion_colour"]
AUDIT = 150_000  # milliseconds that an audit may take on a busy machine


def upload_student(page: Page, zoo: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(zoo / "students" / "fern.safetensors")
    expect(page.get_by_text("fern.safetensors").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Check the student").click()
    expect(page.get_by_text("The student loads and answers.")).to_be_visible(timeout=60_000)


def import_candidates(page: Page, served: Served, folder: Path, *, leave_out: int = 0) -> None:
    file = folder / "candidates.toml"
    file.write_text(candidates_to_toml(served.candidates[leave_out:]))
    page.get_by_role("button", name="Import").click()
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Replace the list").click()
    settled(page)


def add_candidate(page: Page, served: Served, name: str) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    form = page.get_by_role("dialog")
    for label, value in (("Name", name), ("Address", served.url), ("Model", name)):
        form.get_by_role("textbox", name=label, exact=True).fill(value)
    form.get_by_role("button", name="Save").click()
    settled(page)


def choose_quick_and_start(page: Page, *, probes: int | None = None) -> None:
    choose_quick_and_ask_anyway(page)
    if probes:
        field = page.get_by_role("spinbutton", name="Probes in each set")
        field.fill(str(probes))
        field.press("Enter")
        settled(page)
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("button", name="Send them and start").click()


def upload_unnamed_student(page: Page, folder: Path) -> None:
    """Weights of which nothing is said: the architecture is recognised, the images' size is for the user to tell."""
    file = folder / "weights.bin"
    torch.save(timm.create_model("mobilenetv3_small_050", num_classes=10).state_dict(), file)
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("a head of 10 classes, by names and shapes")).to_be_visible(timeout=60_000)
    for side in ("Height", "Width"):
        field = page.get_by_role("spinbutton", name=side)
        field.fill(str(COLOUR.input.height))
        field.press("Enter")
        settled(page)
    page.get_by_role("button", name="Check the student").click()
    expect(page.get_by_text("The student loads and answers.")).to_be_visible(timeout=60_000)


def test_an_uploaded_student_against_a_served_zoo(page: Page, visit, zoo: Path, tmp_path: Path) -> None:
    with serve_folder(zoo / "candidates") as served:
        visit(page, "setup")
        upload_student(page, zoo)
        import_candidates(page, served, tmp_path, leave_out=1)
        add_candidate(page, served, served.candidates[0].name)
        page.get_by_role("button", name="Test connections").click()
        expect(page.get_by_text("All classes get almost the same answer").first).to_be_visible(timeout=60_000)
        choose_quick_and_start(page)
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=AUDIT)

    (run,) = all_runs()
    assert {entry.candidate for entry in run.results().ranking} == {"oak", "elm", "ash"}
    with page.expect_download() as scores:
        page.get_by_role("button", name="Scores").click()
    rows = list(csv.DictReader(scores.value.path().read_text().splitlines()))
    assert {row["candidate"] for row in rows} == {"oak", "elm", "ash"}


def test_an_unnamed_file_from_upload_to_results(page: Page, visit, tmp_path: Path) -> None:
    make_zoo(tmp_path / "zoo", TINY_ZOO[:3], COLOUR)
    with serve_folder(tmp_path / "zoo" / "candidates") as served:
        visit(page, "setup")
        upload_unnamed_student(page, tmp_path)
        import_candidates(page, served, tmp_path)
        choose_quick_and_start(page, probes=8)
        expect(page.get_by_text("Verdict: ranking only")).to_be_visible(timeout=AUDIT)

    (run,) = all_runs()
    results = run.results()
    assert (results.student.name, results.student.num_classes) == ("weights", 10)
    assert "mobilenetv3_small_050" in results.student.architecture
    assert {entry.candidate for entry in results.ranking} == {"oak", "elm", "ash"}
