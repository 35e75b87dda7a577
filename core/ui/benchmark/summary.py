"""The benchmark in words and four figures, for a reader who has never heard of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.bench.report import Interval, Report, Row
from core.quantities import moment, share
from core.ui.benchmark.report import FAILS, candidates, default_rows, label_of, weakest, widest_group
from core.ui.text import plain

TOLD = 3  # groups whose figures are told; others are only named
MAKE_ONE = """python -m core bench all --small   # all of it on a small zoo, some ten minutes: to see how it goes

python -m core bench zoo       # train candidates and students, several hours
python -m core bench run       # audit every student by every method
python -m core bench report    # write what this page shows"""


def summary(report: Report) -> None:
    """What was tested, what the default finds, where it fails, and what none of it proves."""
    st.markdown(f"{_tested(report)} {_accuracy(report)}")
    _half(report)
    method, score = report.methods.get(report.default_method), report.scores.get(report.default_score)
    if method and score:
        st.markdown(
            f"**What the default audit finds** (score: {plain(score.label)}):",
            help=f"{plain(method.explanation)}\n\n{plain(score.explanation)}",
        )
    with st.grid(2, min_column_width=440, gap="small"):
        for dataset in report.datasets:
            _figures(report, dataset)
    st.caption("Beneath each figure its 95 % interval: how far it moves in 95 of 100 redraws of the students.")
    st.markdown("\n".join(["**Where it fails**, with the most questions asked:", "", *_failures(report)]))
    st.markdown(
        "**A ranking is no verdict.** Each of these students has its teacher among the candidates. In a real case "
        "nobody knows that, and someone comes first for a student that was distilled from nobody, too. How often a "
        "first place is right here says nothing about how often it is right there."
    )
    st.caption(plain(f"Version {report.version} of the program · {moment(report.created)}"))


def no_report() -> None:
    """What a benchmark is made with, where there is none."""
    st.info("There is no benchmark report here yet.", icon=":material/info:")
    st.markdown("It is made from a terminal, in parts that can be interrupted and go on where they stopped:")
    st.code(MAKE_ONE, language="bash")


def _percent(found: Interval) -> str:
    """An accuracy with its interval: `94 % (91 % to 97 %)`."""
    return f"{_whole(found.value)} ({_range(found)})"


def _range(found: Interval) -> str:
    return f"{_whole(found.low)} to {_whole(found.high)}"


def _whole(value: float) -> str:
    """Per cent without decimals, but for what would be rounded to nothing or to everything."""
    return share(round(value, 2) if 0.005 <= value < 0.995 else value)


def _tested(report: Report) -> str:
    numbers = {found for dataset in report.datasets if (found := candidates(report, dataset))}
    of = f"{' or '.join(str(number) for number in sorted(numbers))} candidates" if numbers else "several candidates"
    return (
        "**What was tested.** Small image classifiers, the students, were distilled for this purpose from "
        f"{of}, so that it is known who taught them. An audit is given a student and may put questions to the "
        "candidates: images made for it, called probes. It has to name the teacher."
    )


def _accuracy(report: Report) -> str:
    guesses = {found for dataset in report.datasets if (found := candidates(report, dataset))}
    guess = " or ".join(f"1 time in {number} ({share(1 / number)})" for number in sorted(guesses))
    return (
        "**Accuracy** is how often it names the true one, over all students, each with "
        f"up to {report.draws} sets of probes, which may overlap."
        + (f" Guessing would be right {guess}." if guess else "")
    )


def _half(report: Report) -> None:
    if report.half == "held_out":
        st.markdown(
            ":green[:material/check_circle:] Nothing was tuned on these students: methods and settings were chosen on "
            "others. These here have other seeds, and among them are an architecture and a candidate that those lacked."
        )
    else:
        st.warning(
            "These are the students on which methods and settings were chosen. Figures of such students flatter; "
            "what is claimed is measured on the other half.",
            icon=":material/tune:",
        )
    if report.small:
        st.warning(
            "This was a trial run on a small zoo: its figures are rough, as their intervals show.",
            icon=":material/hourglass_bottom:",
        )


def _figures(report: Report, dataset: str) -> None:
    """The default's accuracy by number of probes, over the widest group."""
    label = plain(report.datasets[dataset].label)
    everyone = widest_group(report)
    rows = [row for row in default_rows(report, dataset) if row.group == everyone]
    with st.container(border=True):
        if not rows:
            st.markdown(f"**{label}**: the default was not run on all students.")
            return
        group = label_of(report.groups, rows[0].group)
        st.markdown(f"**{label}** :small[:gray[{plain(group)}: {rows[0].students} students]]")
        for column, row in zip(st.columns(len(rows)), rows, strict=True):
            column.metric(f"{row.probes} question{'s' * (row.probes != 1)}", _whole(row.accuracy.value))
            column.caption(_range(row.accuracy))


def _failures(report: Report) -> list[str]:
    """A line for each of the worst groups, and one that names the others."""
    groups = weakest(report)
    if not groups:
        return ["- The default was run on too few students to tell."]
    if min(row.accuracy.value for row in groups[0]) >= FAILS:
        return [f"- No group of students is below {share(FAILS)}. The lowest:", _told(report, groups[0])]
    found = [_told(report, rows) for rows in groups[:TOLD]]
    if rest := [plain(label_of(report.groups, rows[0].group)) for rows in groups[TOLD:]]:
        found.append(f"- Below {share(FAILS)} as well: {'; '.join(rest)}.")
    return found


def _told(report: Report, rows: Sequence[Row]) -> str:
    """One group on all data sets."""
    name = rows[0].group
    what = f" ({plain(report.groups[name].explanation.rstrip('.'))})" if name in report.groups else ""
    figures = "; ".join(
        f"{_percent(row.accuracy)} on {plain(label_of(report.datasets, row.dataset))}{_doubt(report, row)}"
        for row in rows
    )
    return f"- **{plain(label_of(report.groups, name))}**{what}: {figures}."


def _doubt(report: Report, row: Row) -> str:
    number = candidates(report, row.dataset)
    return ", which may be no better than guessing" if number and row.accuracy.low <= 1 / number else ""
