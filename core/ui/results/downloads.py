"""What can be taken away from a finished run; each file is made when it is asked for."""

from __future__ import annotations

import re

import streamlit as st

from core.reports.html import html_report
from core.reports.tables import answers_csv, scores_csv
from core.results import Results
from core.runs.folder import RunFolder


def downloads(folder: RunFolder, results: Results) -> None:
    """Buttons for the report, the findings as JSON, and two tables."""
    name = file_name(results)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Report (HTML)",
            data=lambda: html_report(folder, results),
            file_name=f"{name}.html",
            mime="text/html",
            icon=":material/download:",
            help="One HTML file with everything on this page, to read, print and file. It needs no network.",
            on_click="ignore",
        )
        st.download_button(
            "Findings (JSON)",
            data=lambda: (folder.path / "results.json").read_bytes(),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/download:",
            help="All findings and settings for programs, as the run's results.json has them.",
            on_click="ignore",
        )
        st.download_button(
            "Scores (CSV)",
            data=lambda: scores_csv(results),
            file_name=f"{name}-scores.csv",
            mime="text/csv",
            icon=":material/download:",
            help="CSV: one row for each set of probes, candidate and score.",
            on_click="ignore",
        )
        st.download_button(
            "Answers (CSV)",
            data=lambda: answers_csv(folder, results),
            file_name=f"{name}-answers.csv",
            mime="text/csv",
            icon=":material/download:",
            help="CSV: one row for each probe and model, with its first class and its distance to the student.",
            on_click="ignore",
        )


def file_name(results: Results) -> str:
    """The audit's name as every file system takes it, and the beginning of the run's id."""
    words = re.sub(r"[^a-z0-9]+", "-", results.name.lower()).strip("-")[:40].strip("-")
    return "-".join(part for part in ("audit", words.removeprefix("audit").strip("-"), results.run[:8]) if part)
