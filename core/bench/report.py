"""What a benchmark found, as a file: written by `bench report`, shown by the page. Free of torch.

There are tens of thousands of rows, so that they and their intervals are plain values: as pydantic models they
took twice the memory and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from core.bench.grid import Half
from core.errors import InputError
from core.values import Frozen
from core.workspace import workspace

COMMITTED = Path(__file__).parents[2] / "assets" / "benchmark.json"  # the full table, at this version of the code
NUMBERS = (1, 10, 50, 100)  # of probes


class Interval(NamedTuple):
    """A figure with its 95 % interval: percentile bootstrap over students."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Average:
    """How often students of one group find their teacher, by one method and score: mean over all `NUMBERS`."""

    dataset: str
    method: str
    score: str
    group: str  # of students
    students: int
    accuracy: Interval  # of naming the true teacher; a student's own is the mean over draws of probes
    auc: Interval  # one candidate against the rest, over softmaxed scores, micro-averaged


@dataclass(frozen=True, slots=True)
class Row(Average):
    """The same with so many probes."""

    probes: int


@dataclass(frozen=True, slots=True)
class KindRow:
    """How often students of one group find their teacher by the default method, from answers of one kind."""

    dataset: str
    kind: str
    score: str
    group: str  # of students
    students: int
    probes: int | None  # None: mean over all `NUMBERS`
    accuracy: Interval


class Difference(Frozen):
    """By how much more often one way of asking finds the teacher than another, on the same students."""

    dataset: str
    group: str
    method: str
    score: str
    other_method: str
    other_score: str
    probes: int | None  # None: mean over all `NUMBERS`
    students: int
    accuracy: Interval  # the one's less the other's, paired


class Cost(Frozen):
    """What one audit of 100 probes takes by a method, on one thread; medians over students."""

    dataset: str
    method: str
    seconds: float  # of making the probes
    queries: int  # to each candidate


class Picks(Frozen):
    """Whom students were taken for at 100 probes: shares of students and draws, by row sums to 1."""

    dataset: str
    method: str
    score: str
    rows: tuple[str, ...]  # true teachers, or the architectures of independent students
    candidates: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]


class Named(Frozen):
    """What stands in tables and charts for a name in this file, and a sentence on what it is."""

    label: str
    explanation: str


class NamedMethod(Named):
    """A method, and the one from which it differs in one thing if it is an ablation."""

    ablates: str | None = None


class Report(Frozen):
    """All that a benchmark found on one half of its zoo."""

    version: str  # of the code
    created: str  # ISO 8601, UTC
    half: Half
    small: bool  # a small zoo, to try the benchmark itself
    draws: int  # of probes, for a student and method at most
    default_method: str
    default_score: str
    datasets: dict[str, Named]
    methods: dict[str, NamedMethod]
    scores: dict[str, Named]
    groups: dict[str, Named]
    rows: tuple[Row, ...] = Field(min_length=1)
    averages: tuple[Average, ...]
    differences: tuple[Difference, ...]  # of the default from what it has to beat, and of ablations from their method
    costs: tuple[Cost, ...]
    confusions: tuple[Picks, ...]  # of distilled students
    independents: tuple[Picks, ...]
    kinds: dict[str, Named] = Field(default_factory=dict)  # of answers, the richest first
    kind_rows: tuple[KindRow, ...] = ()


def workspace_report(*, small: bool = False) -> Path:
    """Where a report of one's own is written."""
    return workspace() / "bench" / ("small-report.json" if small else "report.json")


def read_report(path: Path = COMMITTED) -> Report:
    """The report in a file; raises `InputError` where there is none, or none of this version of the format."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"there is no benchmark report in {path.name}",
            actual=str(error).split("\n")[0],
            remedy="make one: python -m core bench report",
        ) from error
