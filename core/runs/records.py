"""What a run folder's small files hold: what was asked for, what may be spent, and where the run is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.config import AuditConfig
from core.errors import AuditError, OverBudget
from core.events import Phase
from core.values import Frozen

Status = Literal["queued", "running", "done", "failed", "cancelled"]
ShownStatus = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


class Manifest(Frozen):
    """What was asked for; never holds a key."""

    run: str
    created: str  # ISO 8601, UTC
    config: AuditConfig
    student_sha256: str
    versions: dict[str, str]


class Budgets(Frozen):
    """Images that a run may send, in all and to each candidate; None, or no entry, for as many as it takes."""

    run: int | None = None
    candidates: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, config: AuditConfig) -> Budgets:
        own = {candidate.name: candidate.budget for candidate in config.candidates if candidate.budget is not None}
        return cls(run=config.budget, candidates=own)


class ErrorReport(Frozen):
    """An `AuditError` written down."""

    what: str
    rule: str
    actual: str
    remedy: str
    over_budget: bool = False  # more money is what it takes

    @classmethod
    def of(cls, error: AuditError) -> ErrorReport:
        over = isinstance(error, OverBudget)
        return cls(what=error.what, rule=error.rule, actual=error.actual, remedy=error.remedy, over_budget=over)

    def __str__(self) -> str:
        return str(AuditError(self.what, rule=self.rule, actual=self.actual, remedy=self.remedy))


class RunState(Frozen):
    """Where a run is. `pid` with `pid_started` name the process, since pids recur."""

    status: Status = "queued"
    phase: Phase | None = None
    progress: float = 0.0  # of the whole run, in [0, 1]
    eta: float | None = None  # seconds
    sent: int = 0  # images over the network
    cached: int = 0  # answers that were known already
    queued: float = 0.0  # seconds since the epoch, when it took its place in line
    heartbeat: float = 0.0  # seconds since the epoch
    started: float | None = None  # seconds since the epoch, of the latest try
    finished: float | None = None
    pid: int | None = None
    pid_started: float | None = None
    seconds: dict[str, float] = Field(default_factory=dict)  # by phase
    error: ErrorReport | None = None
