"""What a zoo of its own adds to a report: groups of students that the report has not heard of.

The whole zoo takes days. A new kind of students is measured by itself and joins what is known of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from core.bench.report import Average, Difference, KindRow, Picks, Report
from core.errors import InputError

OfGroup = TypeVar("OfGroup", Average, Difference, KindRow)
SAME = ("version", "half", "small", "draws", "default_method", "default_score")


def added(new: Report, report: Report) -> Report:
    """`report` with what `new` says of its groups, in place of what was said of them before.

    Whom students were taken for, which is over several groups, stays as it is where both say it, and so does what
    methods cost, which is one machine's. Independent students of other architectures join those that are there.

    Raises:
        InputError: the two were not made alike.
    """
    for name in SAME:
        if getattr(new, name) != getattr(report, name):
            raise InputError(
                f"the reports differ in their {name.replace('_', ' ')}",
                rule=f"{getattr(report, name)}, as the one that is added to",
                actual=f"{getattr(new, name)}",
                remedy="measure both with the same version of the program",
            )
    both = {name: getattr(report, name) | getattr(new, name) for name in ("datasets", "methods", "scores", "groups")}
    return report.model_copy(
        update={
            **both,
            "created": new.created,
            "rows": _of_groups(report.rows, new.rows),
            "averages": _of_groups(report.averages, new.averages),
            "differences": _of_groups(report.differences, new.differences),
            "kind_rows": _of_groups(report.kind_rows, new.kind_rows),
            "confusions": tuple((_by_way(new.confusions) | _by_way(report.confusions)).values()),
            "independents": tuple(_with_more_rows(report.independents, new.independents)),
        }
    )


def _of_groups(old: tuple[OfGroup, ...], new: tuple[OfGroup, ...]) -> tuple[OfGroup, ...]:
    told = {(one.dataset, one.group) for one in new}
    return (*(one for one in old if (one.dataset, one.group) not in told), *new)


def _by_way(some: Iterable[Picks]) -> dict[tuple[str, str, str], Picks]:
    return {(picks.dataset, picks.method, picks.score): picks for picks in some}


def _with_more_rows(old: Iterable[Picks], new: Iterable[Picks]) -> Iterator[Picks]:
    """Each table with the rows that the new one has beside its own, and new tables."""
    more = _by_way(new)
    for way, picks in _by_way(old).items():
        other = more.pop(way, None)
        if other is None or other.candidates != picks.candidates:
            yield picks
            continue
        rows = dict(zip(picks.rows, picks.shares, strict=True)) | dict(zip(other.rows, other.shares, strict=True))
        yield picks.model_copy(update={"rows": tuple(rows), "shares": tuple(rows.values())})
    yield from more.values()
