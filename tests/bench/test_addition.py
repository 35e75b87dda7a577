"""A zoo of its own joins a report: its groups are added, what was known of others stays."""

from __future__ import annotations

from dataclasses import is_dataclass, replace

import pytest

from core.bench.addition import added
from core.bench.report import Named, NamedMethod, Picks, Report
from core.errors import InputError
from tests.support.benchmark import make_report, rows


def of_group(report: Report, group: str, **changes: object) -> Report:
    """What one zoo says of a group that `report` calls transformers."""

    def some(found: tuple) -> tuple:
        picked = (one for one in found if one.group == "transformer" and one.dataset == "grey")
        return tuple(_renamed(one, group) for one in picked)

    fields = {name: some(getattr(report, name)) for name in ("rows", "averages", "differences", "kind_rows")}
    return report.model_copy(
        update={
            **fields,
            "created": "2026-05-05T00:00:00+00:00",
            "datasets": {"grey": report.datasets["grey"]},
            "groups": {**report.groups, group: Named(label="New", explanation="A new group.")},
            "confusions": (),
            "independents": (),
            "costs": (),
            **changes,
        }
    )


def _renamed(one: object, group: str) -> object:
    return replace(one, group=group) if is_dataclass(one) else one.model_copy(update={"group": group})


def test_a_new_group_joins_and_all_else_stays() -> None:
    report = make_report()
    whole = added(of_group(report, "new"), report)
    assert rows(whole, group="new") and len(whole.rows) == len(report.rows) + len(rows(whole, group="new"))
    for name in ("rows", "averages", "differences", "kind_rows"):
        assert [one for one in getattr(whole, name) if one.group != "new"] == list(getattr(report, name))
    assert whole.datasets == report.datasets and whole.groups["new"].label == "New"
    assert (whole.costs, whole.confusions) == (report.costs, report.confusions)
    assert whole.created == "2026-05-05T00:00:00+00:00"


def test_a_group_that_is_there_is_replaced() -> None:
    report = make_report()
    once = added(of_group(report, "new"), report)
    again = added(of_group(report, "new"), once)
    assert again.rows == once.rows and again.differences == once.differences


def test_a_method_that_only_the_new_one_knows_has_its_tables() -> None:
    report = make_report()
    method = NamedMethod(label="Plain", explanation="Plain.", ablates="generator")
    cost = report.costs[0].model_copy(update={"method": "plain"})
    picks = report.confusions[0].model_copy(update={"method": "plain"})
    new = of_group(report, "new", methods={**report.methods, "plain": method}, costs=(cost,), confusions=(picks,))
    whole = added(new, report)
    assert picks in whole.confusions and whole.methods["plain"] == method
    assert whole.costs == report.costs and set(report.confusions) <= set(whole.confusions)


def test_independent_students_of_other_architectures_join_the_others() -> None:
    report = make_report()
    table = report.independents[0]
    fresh = Picks(**{**table.model_dump(), "rows": ("vit3",), "shares": (table.shares[0],)})
    whole = added(of_group(report, "new", independents=(fresh,)), report)
    joined = whole.independents[0]
    assert joined.rows == (*table.rows, "vit3") and joined.shares == (*table.shares, table.shares[0])
    assert whole.independents[1:] == report.independents[1:]


@pytest.mark.parametrize("name", ["version", "draws", "default_score"])
def test_reports_that_were_made_otherwise_are_refused(name: str) -> None:
    report = make_report()
    other = of_group(report, "new", **{name: 3 if name == "draws" else "other"})
    with pytest.raises(InputError, match=name.replace("_", " ")):
        added(other, report)
