"""The benchmark's figures: lines over the number of probes, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.bench.report import Named, Picks, Report, Row
from core.quantities import share
from core.reports.tables import benchmark_csv
from core.ui.benchmark.charts import lines_chart, picks_chart
from core.ui.benchmark.filters import (
    DIMENSIONS,
    choose_comparison,
    choose_one,
    explanations,
)
from core.ui.benchmark.report import (
    Dimension,
    candidates,
    label_of,
    lines,
    names,
    picks_of,
    present,
    selected,
)
from core.ui.charts import draw
from core.ui.text import plain

TABLE_HEIGHT = 420  # pixels


def accuracy_section(report: Report) -> None:
    """Lines of what is compared, and the same figures as a table."""
    choice = choose_comparison(report)
    rows = selected(report.rows, choice.kept)
    if not rows:
        st.info("The report has no figures for this choice.", icon=":material/info:")
        return
    found = lines(report, rows, choice.compared)
    number = candidates(report, rows[0].dataset)
    guess = 0.5 if choice.measure == "auc" else 1 / number if number else None
    draw(lines_chart(found, choice.measure, guess=guess), key="benchmark_lines")
    missing = set(choice.kept[choice.compared]) - {getattr(row, choice.compared) for row in rows}
    left_out = "".join(f" No figures for {plain(present(report, choice.compared)[name].label)}." for name in missing)
    st.caption(
        f"Bands: 95 % intervals, by redrawing the students, of whom slow methods were tried on a part.{left_out}"
    )
    _explain(explanations(report, choice.kept))
    _rows_table(report, rows, choice.compared)


def mistakes_section(report: Report) -> None:
    """Whom students are taken for, those with a teacher and those without."""
    dataset, method, score = (
        choose_one(column, report, dimension)
        for column, dimension in zip(st.columns(3), ("dataset", "method", "score"), strict=True)
    )
    both = st.grid(2, min_column_width=400, border=True)
    with both.container():
        confused = picks_of(report.confusions, dataset=dataset, method=method, score=score)
        if confused is None:
            st.info("The report does not say who is taken for whom by this method and score.", icon=":material/info:")
        else:
            draw(picks_chart(confused, title="Who is taken for whom, %", down="True teacher"), key="benchmark_confused")
            st.markdown(
                "A student of each teacher in the row, and how often each candidate in the column came first, with "
                f"100 probes. Right answers are where both have one name. {_worst_mistake(confused)}"
            )
    with both.container():
        alone = picks_of(report.independents, dataset=dataset, method=method, score=score)
        if alone is None:
            st.info("The report does not say what independent students pick here.", icon=":material/info:")
        else:
            chart = picks_chart(alone, title="Students of nobody, %", down="Student's architecture")
            draw(chart, key="benchmark_alone")
            st.markdown(
                "These students learned from labels alone, and still someone comes first for each of them. Where an "
                "architecture is drawn to one candidate, a first place of that candidate says little about descent: "
                f"it may be family likeness. {_strongest_pull(alone)}"
            )


def _rows_table(report: Report, rows: Sequence[Row], compared: Dimension) -> None:
    """The rows that are drawn, without what all of them share; or, if wished, all rows of the report."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        everything = st.toggle(
            f"All {len(report.rows):,} rows of the report", key="benchmark_all_rows", persist_state="session"
        )
        shown = report.rows if everything else rows
        st.download_button(
            "Table (CSV)",
            data=lambda: benchmark_csv(shown),
            file_name="benchmark.csv",
            mime="text/csv",
            icon=":material/download:",
            help="CSV: the rows of this table, with names as the report has them.",
            on_click="ignore",
        )
    config = st.column_config
    st.dataframe(
        {
            DIMENSIONS[dimension]: [label_of(words, getattr(row, dimension)) for row in shown]
            for dimension, words in names(report).items()
            if everything or dimension == compared
        }
        | {
            "Probes": [row.probes for row in shown],
            "Students": [row.students for row in shown],
            "Accuracy": [100 * row.accuracy.value for row in shown],
            "Accuracy low": [100 * row.accuracy.low for row in shown],
            "Accuracy high": [100 * row.accuracy.high for row in shown],
            "AUC": [row.auc.value for row in shown],
            "AUC low": [row.auc.low for row in shown],
            "AUC high": [row.auc.high for row in shown],
        },
        key="benchmark_rows",
        height=min(TABLE_HEIGHT, 36 * (len(shown) + 1) + 2),
        hide_index=True,
        alt="Accuracy and AUC with their intervals",
        column_config={"Students": config.NumberColumn(help="Students of the group that the method was tried on.")}
        | {name: config.NumberColumn(format="%.1f %%") for name in ("Accuracy", "Accuracy low", "Accuracy high")}
        | {name: config.NumberColumn(format="%.3f") for name in ("AUC", "AUC low", "AUC high")},
    )


def _explain(named: Mapping[str, Named]) -> None:
    with st.expander("What the names mean", icon=":material/help:"):
        st.markdown("\n".join(f"- **{plain(words.label)}**: {plain(words.explanation)}" for words in named.values()))


def _worst_mistake(picks: Picks) -> str:
    """The most frequent wrong answer, in words."""
    wrong = [
        (value, row, name)
        for row, values in zip(picks.rows, picks.shares, strict=True)
        for name, value in zip(picks.candidates, values, strict=True)
        if name != row and value > 0
    ]
    if not wrong:
        return "There is no wrong one."
    value, row, name = max(wrong)
    return f"The most frequent mistake: students of {plain(row)} taken for {plain(name)}, {share(value)}."


def _strongest_pull(picks: Picks) -> str:
    value, row, name = max(
        (max(values), row, picks.candidates[values.index(max(values))])
        for row, values in zip(picks.rows, picks.shares, strict=True)
    )
    return (
        f"The strongest pull: {plain(row)} picks {plain(name)} in {share(value)} of its draws; "
        f"without any pull it would be {share(1 / len(picks.candidates))}."
    )
