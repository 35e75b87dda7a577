"""What a benchmark found, as a file: written by `bench report`, shown by the page. Free of torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from core.bench.grid import Half
from core.errors import InputError
from core.values import Frozen
from core.workspace import workspace

COMMITTED = Path(__file__).parents[2] / "assets" / "benchmark.json"  # the full table, at this version of the code
NUMBERS = (1, 10, 50, 100)  # of probes


class Interval(Frozen):
    """A figure with its 95 % interval: percentile bootstrap over students."""

    value: float
    low: float
    high: float


class Row(Frozen):
    """How often students of one group find their teacher, by one method and score, with so many probes."""

    dataset: str
    method: str
    score: str
    group: str  # of students
    probes: int
    students: int
    accuracy: Interval  # of naming the true teacher; a student's own is the mean over draws of probes
    auc: Interval  # one candidate against the rest, over softmaxed scores, micro-averaged


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


class Report(Frozen):
    """All that a benchmark found on one half of its zoo."""

    version: str  # of the code
    created: str  # ISO 8601, UTC
    half: Half
    small: bool  # a part of the zoo, to try the benchmark itself
    draws: int
    default_method: str
    default_score: str
    datasets: dict[str, Named]
    methods: dict[str, Named]
    scores: dict[str, Named]
    groups: dict[str, Named]
    rows: tuple[Row, ...] = Field(min_length=1)
    costs: tuple[Cost, ...]
    confusions: tuple[Picks, ...]  # of distilled students
    independents: tuple[Picks, ...]


def workspace_report() -> Path:
    """Where a report of one's own is written."""
    return workspace() / "bench" / "report.json"


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
