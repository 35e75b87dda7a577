"""What of a benchmark is looked at. Choices are kept from page to page, as far as a report has what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.bench.report import Named, Report
from core.ui.benchmark.charts import MEASURES, MOST_LINES
from core.ui.benchmark.report import BASELINES, Dimension, Measure, Source, default_of, present, sources
from core.ui.text import plain

DIMENSIONS: dict[Dimension, str] = {
    "method": "Method",
    "score": "Score",
    "group": "Group of students",
    "dataset": "Data set",
}
PLURALS: dict[Dimension, str] = {
    "method": "Methods",
    "score": "Scores",
    "group": "Groups of students",
    "dataset": "Data sets",
}
SOURCES: dict[Source, str] = {"committed": "Committed results", "own": "Your own run", "small": "Your small run"}
SOURCE_HELP = (
    "The committed results came with this version of the program. Yours are what `bench report` last wrote here, or "
    "`bench all --small`."
)
EVERY = 0  # stands for all numbers of probes where one is to be chosen
MEASURE_HELP = (
    "**Accuracy**: how often the true teacher comes first.\n\n**AUC**: how often a student's score for its own "
    "teacher is above a student's score for someone else's; 0.5 is guessing, 1 is perfect."
)


@dataclass(frozen=True)
class Comparison:
    """Which lines to draw: of one dimension several names, of each other one."""

    compared: Dimension
    kept: Mapping[Dimension, Sequence[str]]
    measure: Measure


def choose_source() -> Path | None:
    """The report to show: asked only where there are two; None where there is none."""
    there = sources()
    if len(there) < 2:
        if there and "committed" not in there:
            label = SOURCES[next(iter(there))]
            st.caption(f"{label}. This copy of the program came without results to compare it with.")
        return next(iter(there.values()), None)
    chosen = st.segmented_control(
        "Report",
        list(there),
        default=next(iter(there)),
        required=True,
        format_func=SOURCES.__getitem__,
        key="benchmark_source",
        persist_state="session",
        help=SOURCE_HELP,
    )
    return there[chosen if chosen in there else next(iter(there))]


def choose_comparison(report: Report) -> Comparison:
    """Two rows of choices: what is compared with what, and what all lines have in common."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    compared = left.segmented_control(
        "Compare",
        list(DIMENSIONS),
        default="method",
        required=True,
        format_func=PLURALS.__getitem__,
        key="benchmark_compare",
        persist_state="session",
        help="A line for each of these. Everything else is the same for all lines.",
    )
    measure = choose_measure(right)
    several = _choose_several(report, compared)
    kept: dict[Dimension, Sequence[str]] = {compared: several}
    others = [dimension for dimension in DIMENSIONS if dimension != compared]
    for column, dimension in zip(st.columns(len(others)), others, strict=True):
        kept[dimension] = (choose_one(column, report, dimension),)
    return Comparison(compared, kept, measure)


def choose_one(place: DeltaGenerator, report: Report, dimension: Dimension) -> str:
    """One name; the default audit's at first."""
    names = present(report, dimension)
    key = f"benchmark_{dimension}"
    if st.session_state.get(key) not in names:  # not chosen yet, or in a report that had other names
        st.session_state[key] = default_of(report, dimension)
    return place.selectbox(
        DIMENSIONS[dimension],
        list(names),
        format_func=lambda name: _label(report, dimension, names[name], name),
        key=key,
        persist_state="session",
        help=None if len(names) > MOST_LINES else _explained(names),
    )


def choose_measure(place: DeltaGenerator) -> Measure:
    return place.segmented_control(
        "Figure",
        list(MEASURES),
        default="accuracy",
        required=True,
        format_func=MEASURES.__getitem__,
        key="benchmark_measure",
        persist_state="session",
        help=MEASURE_HELP,
    )


def choose_number(place: DeltaGenerator, among: Sequence[int], *, key: str) -> int | None:
    """How many probes, the mean over all numbers of them at first: None."""
    chosen = place.segmented_control(
        "Probes",
        [EVERY, *among],
        default=EVERY,
        required=True,
        format_func=lambda number: "Mean over all" if number == EVERY else str(number),
        key=key,
        persist_state="session",
        help="Each put to every candidate.",
    )
    return None if chosen == EVERY else chosen


def explanations(report: Report, kept: Mapping[Dimension, Sequence[str]]) -> dict[str, Named]:
    """What is chosen and what it is, by dimension and name."""
    return {f"{key} {name}": present(report, key)[name] for key in DIMENSIONS for name in kept.get(key, ())}


def _choose_several(report: Report, dimension: Dimension) -> list[str]:
    """Names to draw lines for; the default audit's and what it is measured against at first."""
    names = present(report, dimension)
    key = f"benchmark_{dimension}_several"
    wanted = st.session_state.get(key, _at_first(report, dimension))
    st.session_state[key] = [name for name in wanted if name in names]
    return st.multiselect(
        PLURALS[dimension],
        list(names),
        format_func=lambda name: _label(report, dimension, names[name], name),
        key=key,
        persist_state="session",
        max_selections=MOST_LINES,
        placeholder="Choose what to compare",
    )


def _at_first(report: Report, dimension: Dimension) -> list[str]:
    names, default = list(present(report, dimension)), default_of(report, dimension)
    others = [name for name in (BASELINES if dimension == "method" else names) if name in names and name != default]
    return [default, *others][:MOST_LINES]


def _label(report: Report, dimension: Dimension, words: Named, name: str) -> str:
    is_default = dimension == "score" and name == report.default_score
    return f"{words.label} (default)" if is_default else words.label


def _explained(names: Mapping[str, Named]) -> str:
    return "\n\n".join(f"**{plain(words.label)}**: {plain(words.explanation)}" for words in names.values())
