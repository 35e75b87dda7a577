"""How far a ranking carries where the student has no BatchNorm, by what the benchmark finds of such students."""

from __future__ import annotations

from functools import lru_cache

from core.bench.groups import SOFTENED, SOFTENED_WITHOUT, TIMM_WITHOUT
from core.bench.report import NUMBERS, read_report
from core.errors import InputError
from core.results import StudentSummary


def caution(student: StudentSummary, probes: int = NUMBERS[-1]) -> str:
    """Whole sentences on an audit of so many probes; "" for a student that remembers statistics."""
    if student.batchnorm_layers:
        return ""
    return (
        f"{_lack(student)} BatchNorm layers remember what a student's training images were like. Without them probes "
        f"are made with what holds for any image, and say less.{_found(probes)}"
    )


def _lack(student: StudentSummary) -> str:
    if student.untouched_batchnorm:
        return "The statistics of this student's BatchNorm layers were never updated, so they are not used."
    if student.folded_batchnorm:
        return "This student's BatchNorm was folded into its convolutions when it was exported."
    return "This student has no BatchNorm layers."


@lru_cache
def _found(probes: int) -> str:
    """Of students of both kinds that learned from softened probabilities, by the default audit; "" where unknown."""
    try:
        report = read_report()
    except InputError:  # a copy of the program without its benchmark
        return ""
    probes = max((number for number in NUMBERS if number <= probes), default=NUMBERS[0])
    kept = (report.default_method, report.default_score, probes)
    rows = [row for row in report.rows if (row.method, row.score, row.probes) == kept]
    without, with_it = (
        [round(100 * row.accuracy.value) for row in rows if row.group in groups]
        for groups in ((SOFTENED_WITHOUT, TIMM_WITHOUT), (SOFTENED,))
    )
    if not without or not with_it:
        return ""
    return (
        f" In this program's benchmark an audit of {probes} probe{'s' * (probes > 1)} names the right teacher in "
        f"{_span(without)} of 100 cases without BatchNorm and in {_span(with_it)} of 100 with it, both of students "
        "taught by a teacher's softened probabilities, which are the easiest to tell."
    )


def _span(values: list[int]) -> str:
    """Of all data sets: `31 to 56`, or one number where they agree."""
    low, high = min(values), max(values)
    return f"{low} to {high}" if low < high else str(low)
