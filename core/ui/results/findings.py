"""What an audit found: the verdict in words, the ranking, every score, and the baselines beside it."""

from __future__ import annotations

import streamlit as st

from core.quantities import between, number
from core.reports.bars import span_of
from core.reports.summary import (
    VERDICTS,
    WEAKER,
    baseline_sentence,
    best_by,
    higher_is_better,
    score_help,
    score_label,
    set_views,
    shown_scores,
)
from core.results import Results, VerdictKind
from core.ui.charts import draw, ranking_chart
from core.ui.text import plain, shortened, unbroken
from core.ui.words import Colour
from core.words import PROBE_SET_HELP

WHISKERS = "Whiskers: 95 % of redraws of the probes. They do not say how likely it is that the first is the teacher."
COLOURS: dict[VerdictKind, Colour] = {
    "distilled_from": "violet",
    "one_of": "violet",
    "no_evidence": "gray",
    "inconclusive": "orange",
    "ranking_only": "blue",
}


def verdict_box(results: Results) -> None:
    """The verdict, why it is no stronger than it is, and what would help."""
    verdict = results.verdict
    with st.container(border=True, key="verdict"):
        with st.container(horizontal=True, gap="small"):
            st.badge(f"Verdict: {VERDICTS[verdict.kind].lower()}", icon=":material/gavel:", color=COLOURS[verdict.kind])
            if verdict.caution:
                st.badge(WEAKER, icon=":material/trending_down:", color="orange")
        st.subheader(plain(verdict.sentence), anchor=False)
        if verdict.caution:
            st.warning(f"**{WEAKER}.** {plain(verdict.caution)}", icon=":material/trending_down:")
        st.markdown(plain(verdict.why))
        if results.check.problems:
            problems = plain("; ".join(results.check.problems))
            st.warning(f"**The probes failed their check:** {problems}.", icon=":material/warning:")
        if verdict.stronger:
            with st.expander("What would make it stronger", icon=":material/trending_up:"):
                st.markdown("\n".join(f"- {plain(step)}" for step in verdict.stronger))


def ranking_section(results: Results) -> None:
    """The ranked bars, by the chosen score or by another one."""
    score = st.selectbox(
        "Score",
        shown_scores(results),
        key="results_score",
        format_func=lambda name: score_label(name) + (" (ranks)" if name == results.score else ""),
        help="The verdict rests on the first one. The others are ways to look at the same answers.",
        width=340,
    )
    having = [entry for entry in results.ranking if score in entry.scores]
    ordered = sorted(having, key=lambda entry: entry.scores[score].value, reverse=higher_is_better(score))
    title = f"Ranking on {results.check.probes} synthesised probes"
    estimates = [entry.scores[score] for entry in ordered]
    draw(ranking_chart(ordered, score, title=title, run=results.run, estimates=estimates), key="results_ranking")
    st.caption(f"{score_help(score)} {WHISKERS}")


def score_table(results: Results) -> None:
    """Every score of every candidate, the best of each column in bold."""
    scores = shown_scores(results)
    best = {score: best_by(results, score) for score in scores}
    rows = []
    for place, entry in enumerate(results.ranking, start=1):
        row = {"": f"{place}", "Candidate": f"**{plain(shortened(entry.candidate, 28))}**"}
        for score in scores:
            found = entry.scores.get(score)
            value = "–" if found is None else number(found.value)
            interval = "" if found is None else between(found.low, found.high)
            strong = f"**{value}**" if best[score] == entry.candidate else value
            row[_heading(score)] = f"{strong}  \n:small[:gray[{unbroken(interval)}]]" if interval else strong
        rows.append(row)
    st.table(rows, border="horizontal", hide_header=False, alt="Every score of every candidate, with its interval")
    st.caption("↑ higher is more alike, ↓ lower is more alike. Bold: the first by that score. Beneath: 95 % intervals.")
    with st.expander("What the scores mean", icon=":material/help:"):
        st.markdown("\n".join(f"- **{score_label(score)}**: {plain(score_help(score))}" for score in scores))


def baselines_section(results: Results) -> None:
    """How images that nobody optimised rank the candidates, beside the synthesised ones."""
    views = set_views(results)
    st.markdown(plain(baseline_sentence(views)))
    span = span_of([view.ranking for view in views])
    with st.grid(len(views), min_column_width=300, gap="small"):
        for view in views:
            chart = ranking_chart(view.ranking, results.score, title=view.label, run=results.run, span=span)
            draw(chart, key=f"results_set_{view.name}")
    rows = [
        {
            "Probes": f"**{view.label}**  \n:small[:gray[{PROBE_SET_HELP.get(view.name, '')}]]",
            "First place": plain(shortened(view.first, 28)),
            "Same first place?": {True: "yes", False: "no", None: "–"}[view.same_first],
            "Lead over the second": "–" if view.lead is None else number(view.lead),
        }
        for view in views
    ]
    st.table(rows, border="horizontal", hide_header=False, alt="First place and lead by set of probes")
    st.caption(f"Lead: distance of the first from the second, in units of the {score_label(results.score).lower()}.")


def _heading(score: str) -> str:
    return f"{score_label(score)} {'↑' if higher_is_better(score) else '↓'}"
