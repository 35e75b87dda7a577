"""What is said of a student that remembers no statistics, and where the figures come from."""

from __future__ import annotations

import re

import pytest

from core.bench.report import read_report
from core.results import StudentSummary
from core.verdict import reach
from core.verdict.reach import caution
from tests.support.benchmark import make_report

STUDENT = StudentSummary(
    name="s", sha256="0" * 64, architecture="a", num_classes=2, class_names=("a", "b"), parameters=1, batchnorm_layers=0
)


@pytest.fixture(autouse=True)
def afresh() -> None:
    reach._found.cache_clear()


def test_a_student_with_statistics_is_not_warned_about() -> None:
    assert caution(STUDENT.model_copy(update={"batchnorm_layers": 1, "folded_batchnorm": 3})) == ""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({}, "has no BatchNorm layers"),
        ({"untouched_batchnorm": 4}, "never updated"),
        ({"folded_batchnorm": 4}, "folded into its convolutions"),
    ],
)
def test_it_says_what_is_lacking(kind: dict[str, int], words: str) -> None:
    assert words in caution(STUDENT.model_copy(update=kind))


@pytest.mark.parametrize(("probes", "counted"), [(300, 100), (50, 50), (49, 10), (2, 1)])
def test_its_figures_are_the_benchmarks(probes: int, counted: int) -> None:
    """Of as many probes, or the next fewer that were measured."""
    report = read_report()

    def shares(*groups: str) -> set[int]:
        way = (report.default_method, report.default_score, counted)
        found = [row for row in report.rows if (row.method, row.score, row.probes) == way and row.group in groups]
        return {round(100 * row.accuracy.value) for row in found}

    text = caution(STUDENT, probes)
    assert f"an audit of {counted} probe" in text
    without, with_it = re.findall(r"in (\d+(?: to \d+)?) of 100", text)
    for said, found in ((without, shares("kd_without", "kd_timm")), (with_it, shares("kd_t4_t10"))):
        assert {int(number) for number in said.split(" to ")} == {min(found), max(found)}


def test_without_a_benchmark_or_such_students_in_it_there_are_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "read_report", make_report)
    assert "has no BatchNorm layers" in caution(STUDENT) and "of 100" not in caution(STUDENT)
