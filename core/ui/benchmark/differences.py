"""By how much one way of asking is more often right than another: the default's, and the ablations'."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.bench.report import NUMBERS, Difference, Report
from core.results import Estimate
from core.ui.benchmark.filters import choose_number, choose_one
from core.ui.benchmark.report import label_of, widest_group
from core.ui.charts import MARGIN, REST, Chart, axis_label, draw, whiskers
from core.ui.text import plain

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
ROW, ROOM = 36, 0.5  # pixels a group, and how much of them its marks share


def default_section(report: Report) -> None:
    """The default against what it has to beat."""
    found = _chosen(report, [one for one in report.differences if one.method == report.default_method])
    if not found:
        st.info("The report does not compare the default with anything here.", icon=":material/info:")
        return
    labels = {one: f"{_method(report, one.other_method)}, {_score(report, one.other_score)}" for one in found}
    st.markdown("\n".join(f"- {_told(one, 'The default', labels[one])}" for one in _of_everyone(report, found)))
    draw(
        difference_chart(report, found, labels, title="The default's accuracy less another's"), key="benchmark_against"
    )
    st.caption(
        "Right of the line the default names the teacher more often, left of it less often. Whiskers are 95 % "
        "intervals: each student is asked both ways, and the students are redrawn. Where a whisker crosses the line, "
        "these students do not tell which of the two is better."
    )


def ablations_section(report: Report) -> None:
    """Each ablation against the method from which it differs in one thing."""
    found = _chosen(report, [one for one in report.differences if one.method != report.default_method])
    if not found:
        st.info("The report has no ablations here.", icon=":material/info:")
        return
    labels = {one: _method(report, one.method) for one in found}
    for one in _of_everyone(report, found):
        what = report.methods[one.method].explanation if one.method in report.methods else ""
        st.markdown(f"- {_told(one, labels[one], _method(report, one.other_method))} {plain(what)}")
    draw(difference_chart(report, found, labels, title="Accuracy with one thing changed, less that without"),
         key="benchmark_ablations")  # fmt: skip
    st.caption(
        "Left of the line the changed method names the teacher less often than the one it is a change of. Whiskers are "
        "95 % intervals over students; where one crosses the line, the change may make no difference."
    )


def difference_chart(
    report: Report, found: Sequence[Difference], labels: dict[Difference, str], *, title: str
) -> Chart:
    """A row for each group, and in it a mark for each pair of ways of asking, in points of accuracy.

    Args:
        labels: what tells the pairs apart.
    """
    groups = [name for name in report.groups if any(one.group == name for one in found)]
    kinds = list(dict.fromkeys(labels.values()))
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": REST, "width": 1.5})
    for index, kind in enumerate(kinds):
        some = [one for one in found if labels[one] == kind]
        ends = [Estimate(value=100 * one.accuracy.value, low=100 * one.accuracy.low, high=100 * one.accuracy.high)
                for one in some]  # fmt: skip
        figure.add_scatter(
            name=axis_label(kind, 60),
            x=[end.value for end in ends],
            y=[groups.index(one.group) + ROOM * ((index + 0.5) / len(kinds) - 0.5) for one in some],
            error_x=whiskers(ends) | {"color": REST, "width": 0},
            mode="markers",
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 9},
            hovertext=[f"{axis_label(label_of(report.groups, one.group), 60)}: {_points(one)}" for one in some],
            hovertemplate="%{hovertext}",
        )
    ticks = [f"{axis_label(label_of(report.groups, name))} ({_numbers(found, name)})" for name in groups]
    figure.update_layout(
        title=title,
        height=170 + ROW * len(groups),
        margin=MARGIN,
        legend={"orientation": "h", "x": 0, "y": -0.15, "yanchor": "top"},
        xaxis={"title": "Points of accuracy (of 100)", "zeroline": False, "fixedrange": True, "tickformat": "+d"},
        yaxis={"title": "Students (how many)", "tickvals": list(range(len(groups))), "ticktext": ticks,
               "range": [len(groups) - 0.5, -0.5], "showgrid": False, "zeroline": False, "fixedrange": True,
               "automargin": True},
    )  # fmt: skip
    spoken = "; ".join(f"{label_of(report.groups, one.group)}, {labels[one]}: {_points(one)}" for one in found)
    return Chart(figure, f"{title}. In points: {spoken}.")


def _numbers(found: Sequence[Difference], group: str) -> str:
    """How many students of a group were compared, from the fewest to the most: slow methods are tried on a part."""
    numbers = sorted({one.students for one in found if one.group == group})
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _chosen(report: Report, differences: Sequence[Difference]) -> list[Difference]:
    """Of one data set and number of probes, or their mean."""
    left, right = st.columns(2, vertical_alignment="bottom")
    dataset, number = (
        choose_one(left, report, "dataset"),
        choose_number(right, NUMBERS, key="benchmark_differences_number"),
    )
    return [one for one in differences if (one.dataset, one.probes) == (dataset, number)]


def _of_everyone(report: Report, found: Sequence[Difference]) -> list[Difference]:
    everyone = widest_group(report)
    return [one for one in found if one.group == everyone]


def _told(one: Difference, this: str, other: str) -> str:
    """In words, for a reader who knows nothing of intervals."""
    low, high = round(100 * one.accuracy.low), round(100 * one.accuracy.high)
    value = round(100 * one.accuracy.value)
    names = f"**{plain(this)}**", f"**{plain(other)}**"
    if one.accuracy.low <= 0 <= one.accuracy.high:
        return (
            f"Between {names[0]} and {names[1]} these {one.students} students do not decide: "
            f"in 100 audits anything from {_more(low)} to {_more(high)} right answers is possible."
        )
    ends = sorted((abs(low), abs(high)))
    return (
        f"{names[0]} is right {_more(value)} times in 100 than {names[1]} "
        f"(95 % interval: {ends[0]} to {ends[1]}), over {one.students} students."
    )


def _more(points: int) -> str:
    return f"{abs(points)} {'fewer' if points < 0 else 'more'}"


def _points(one: Difference) -> str:
    value, low, high = (100 * end for end in (one.accuracy.value, one.accuracy.low, one.accuracy.high))
    return f"{value:+.0f} ({low:+.0f} to {high:+.0f})"


def _method(report: Report, name: str) -> str:
    return label_of(report.methods, name)


def _score(report: Report, name: str) -> str:
    return label_of(report.scores, name)
