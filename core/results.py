"""What an audit found: one model for the command line's JSON, the run folder and the page's download."""

from __future__ import annotations

from typing import Literal

from core.config import AuditConfig
from core.values import Frozen

SCHEMA_VERSION = 1

VerdictKind = Literal["distilled_from", "one_of", "no_evidence", "inconclusive", "ranking_only"]


class Estimate(Frozen):
    """A score with its bootstrap interval over probes (95 %), where one can be given."""

    value: float
    low: float | None = None
    high: float | None = None


class RankedCandidate(Frozen):
    """A candidate's place: `score` and `interval` are those of the audit's chosen score."""

    candidate: str
    score: float
    interval: tuple[float, float] | None
    scores: dict[str, Estimate]  # every score by name, the chosen one included


class ProbeCheck(Frozen):
    """What the student alone says of its probes, before any query is spent."""

    probes: int
    on_target: float | None  # share of those made for a class that the student puts into it, in [0, 1]; None: none was
    batchnorm_loss: float | None  # of the probes; None where the student has no BatchNorm
    batchnorm_loss_noise: float | None  # of as many white-noise images
    duplicates: int
    entropy: tuple[float, float, float]  # 5 %, 50 % and 95 % quantile of the student's answers, nats
    problems: tuple[str, ...]  # empty: passed

    @property
    def passed(self) -> bool:
        return not self.problems


class ProbeSetResult(Frozen):
    """One set of baseline probes, and how it ranks the candidates, best first."""

    probe_set: str
    probes: int
    ranking: tuple[RankedCandidate, ...]


class Verdict(Frozen):
    """The answer in plain words."""

    kind: VerdictKind
    candidates: tuple[str, ...]  # whom it names
    sentence: str
    why: str
    stronger: tuple[str, ...]  # what would make it stronger
    caution: str = ""  # why a ranking of this student carries less far than others, and how far; "" where it does not


class Queries(Frozen):
    """Images over the network; `cached` answers cost none."""

    sent: int
    cached: int
    by_candidate: dict[str, int]


class Unreachable(Frozen):
    """A candidate that failed for good, and is not ranked."""

    candidate: str
    message: str  # what went wrong, and what to do


class Shortfall(Frozen):
    """Probes of one set that were not asked about for want of a budget."""

    probe_set: str
    asked: int
    planned: int


class StudentSummary(Frozen):
    name: str
    sha256: str
    architecture: str
    num_classes: int
    class_names: tuple[str, ...]
    parameters: int
    batchnorm_layers: int  # whose statistics are used; the next two are of layers that have none to use
    untouched_batchnorm: int = 0  # whose statistics are as they were before any training
    folded_batchnorm: int = 0  # that were merged into convolutions when the checkpoint was exported

    @property
    def batchnorm(self) -> str:
        """How many layers are of use, and why others are not: `20`, `none (20 never updated)`."""
        idle = [(self.untouched_batchnorm, "never updated"), (self.folded_batchnorm, "folded into convolutions")]
        why = ", ".join(f"{layers} {what}" for layers, what in idle if layers)
        return f"{self.batchnorm_layers or 'none'}" + (f" ({why})" if why else "")


class Results(Frozen):
    """Everything a report shows. Its JSON Schema is `assets/results.schema.json`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    run: str
    name: str
    created: str  # ISO 8601, UTC
    student: StudentSummary
    score: str  # the name of the chosen score
    ranking: tuple[RankedCandidate, ...]  # best first, on the synthesised probes
    verdict: Verdict
    baselines: tuple[ProbeSetResult, ...]
    check: ProbeCheck  # of the synthesised probes
    queries: Queries
    unreachable: tuple[Unreachable, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    seconds: dict[str, float]  # by phase
    settings: AuditConfig
    device: str
    versions: dict[str, str]

    @property
    def complete(self) -> bool:
        """Whether every candidate was asked about every probe that was planned."""
        return not (self.unreachable or self.shortfalls)
