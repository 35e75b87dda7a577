"""What is taken away from a run: whole, true to the run, and readable without a network."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.runs import make_run

pytestmark = pytest.mark.browser


def download(page: Page, button: str, folder: Path) -> Path:
    """The file behind a button, under the name that the page gives it."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=False).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_what_is_downloaded_says_what_the_run_says(page: Page, visit, tmp_path: Path) -> None:
    folder = make_run("done")
    results = folder.results()
    visit(page, f"results?run={folder.run}")

    findings = download(page, "Findings (JSON)", tmp_path)
    assert json.loads(findings.read_text()) == json.loads((folder.path / "results.json").read_text())

    scores = list(csv.DictReader(download(page, "Scores (CSV)", tmp_path).read_text().splitlines()))
    assert {row["candidate"] for row in scores} == {entry.candidate for entry in results.ranking}

    answers = list(csv.DictReader(download(page, "Answers (CSV)", tmp_path).read_text().splitlines()))
    models = len(results.ranking) + 1  # the student answers too
    assert len(answers) == models * sum(check.probes for check in (results.check, *results.baselines))


def test_the_report_opens_without_a_server(page: Page, visit, tmp_path: Path) -> None:
    folder = make_run("done")
    visit(page, f"results?run={folder.run}")
    report = download(page, "Report (HTML)", tmp_path)

    requested: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: requested.append(request.url))
    page.goto(report.as_uri())
    expect(page.get_by_text(folder.results().verdict.sentence).first).to_be_visible()
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
