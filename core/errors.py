"""The one error that users meet: it says what is wrong, the rule, the actual value and the remedy."""

from __future__ import annotations


class AuditError(Exception):
    """A problem the user can act on.

    Args:
        what: what is wrong, one clause, starting with the thing that is wrong.
        remedy: what to do about it, one imperative clause.
        rule: what was expected (optional).
        actual: what was found instead (optional).
    """

    def __init__(self, what: str, *, remedy: str, rule: str = "", actual: str = "") -> None:
        self.what, self.rule, self.actual, self.remedy = what, rule, actual, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        facts = [f"expected {self.rule}"] if self.rule else []
        facts += [f"got {self.actual}"] if self.actual else []
        detail = f" ({', '.join(facts)})" if facts else ""
        return f"{self.what}{detail}. {self.remedy[:1].upper()}{self.remedy[1:]}."

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.remedy, self.rule, self.actual)


def _rebuild(cls: type[AuditError], what: str, remedy: str, rule: str, actual: str) -> AuditError:
    return cls(what, remedy=remedy, rule=rule, actual=actual)


class InputError(AuditError):
    """The user's input is unusable: a checkpoint, a configuration, a setting."""


class ProbesError(AuditError):
    """The synthesised probes are not worth a query."""


class TeacherError(AuditError):
    """A candidate's API cannot be used, or stopped answering."""


class OverBudget(TeacherError):
    """One more request would cost more than is left to spend."""


class Cancelled(AuditError):
    """The user asked the run to stop."""

    def __init__(self) -> None:
        super().__init__("the run was cancelled", remedy="resume it to go on from the last finished phase")

    def __reduce__(self) -> tuple[object, ...]:
        return Cancelled, ()
