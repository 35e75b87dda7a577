"""The CSV downloads, read back with the standard library and with the numbers that went in."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from scipy.stats import entropy

from core.reports.tables import answers_csv, scores_csv
from core.results import Results
from core.runs.folder import RunFolder
from core.scoring.table import REPORTED
from tests.support.answers import CANDIDATES
from tests.support.runs import CLASS_NAMES, make_run

PROBES = 12


@pytest.fixture
def run() -> tuple[RunFolder, Results]:
    folder = make_run("done", probes=PROBES)
    results = folder.results()
    assert results
    return folder, results


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_scores_one_row_each(run: tuple[RunFolder, Results]) -> None:
    _, results = run
    table = rows(scores_csv(results))
    assert len(table) == 3 * len(CANDIDATES) * len(REPORTED)
    first = results.ranking[0]
    mine = {row["score"]: row for row in table if row["probe_set"] == "synthesised" and row["place"] == "1"}
    for name, found in first.scores.items():
        assert mine[name]["candidate"] == first.candidate
        assert float(mine[name]["value"]) == found.value
        assert (mine[name]["low"] == "") == (found.low is None)
    assert [name for name, row in mine.items() if row["ranks"] == "True"] == [results.score]


def test_answers_one_row_each(run: tuple[RunFolder, Results]) -> None:
    folder, results = run
    table = rows(answers_csv(folder, results))
    assert len(table) == 3 * PROBES * (1 + len(CANDIDATES))
    stored = folder.load_answers("pyramids")
    assert stored
    student, answers = stored
    row = next(r for r in table if (r["probe_set"], r["probe"], r["model"]) == ("pyramids", "7", "vgg7"))
    theirs, own = np.exp(answers["vgg7"][7]), np.exp(student[7])
    assert int(row["top_class"]) == theirs.argmax()
    assert row["top_class_name"] == CLASS_NAMES[theirs.argmax()]
    assert float(row["probability"]) == pytest.approx(theirs.max())
    assert float(row["kl"]) == pytest.approx(entropy(theirs, own))
    assert {r["kl"] for r in table if r["model"] == "student"} == {""}


def test_sets_whose_answers_are_gone_are_left_out(run: tuple[RunFolder, Results]) -> None:
    folder, results = run
    (folder.path / "answers" / "white_noise.safetensors").unlink()
    assert {row["probe_set"] for row in rows(answers_csv(folder, results))} == {"synthesised", "pyramids"}


def test_a_candidate_called_student_is_told_apart_by_its_distance() -> None:
    folder = make_run("done", probes=PROBES, candidates=("student", "a", "b"))
    results = folder.results()
    assert results
    mine = [r for r in rows(answers_csv(folder, results)) if r["model"] == "student" and r["probe_set"] == "pyramids"]
    assert len(mine) == 2 * PROBES and sum(r["kl"] == "" for r in mine) == PROBES


@pytest.mark.parametrize("name", ["=cmd()|' /C calc'!A0", "+1", "-1", "@SUM(A1)"])
def test_names_never_become_formulas(name: str) -> None:
    folder = make_run("done", probes=PROBES, candidates=(name, "b", "c"))
    results = folder.results()
    assert results
    for text in (scores_csv(results), answers_csv(folder, results)):
        cells = {cell for row in rows(text) for cell in row.values()}
        assert f"'{name}" in cells and name not in cells


@pytest.mark.parametrize("name", ['quoted "name"', "a,b", "a;b", "ünï 中文"])
def test_names_survive_the_way_there_and_back(name: str) -> None:
    results = make_run("done", probes=PROBES, candidates=(name, "b", "c")).results()
    assert results
    assert name in {row["candidate"] for row in rows(scores_csv(results))}


def test_the_findings_are_valid_results(run: tuple[RunFolder, Results]) -> None:
    folder, results = run
    assert Results.model_validate_json((folder.path / "results.json").read_bytes()) == results
