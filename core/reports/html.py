"""The report: one HTML file that needs nothing else, neither a network nor a script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.config import SYNTHESISED
from core.quantities import between, estimate, moment, number
from core.reports.bars import bar_chart, span_of
from core.reports.summary import (
    LIMITS,
    VERDICTS,
    WEAKER,
    baseline_sentence,
    best_by,
    candidate_facts,
    check_facts,
    cost_facts,
    higher_is_better,
    score_help,
    score_label,
    set_views,
    settings_facts,
    shown_scores,
    student_facts,
)
from core.results import Results
from core.runs.folder import RunFolder
from core.runs.preview import contact_sheet, data_uri
from core.words import target_words

SHOWN_PROBES = 24

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_TEMPLATES.filters |= {"number": number, "estimate": estimate, "moment": moment, "score_label": score_label}


def html_report(folder: RunFolder, results: Results) -> str:
    """Everything that was found and how, for reading, printing and filing."""
    views = set_views(results)
    axis = score_label(results.score)
    span = span_of([view.ranking for view in views])
    return _TEMPLATES.get_template("report.html.j2").render(
        results=results,
        verdict_label=VERDICTS[results.verdict.kind],
        weaker=WEAKER,
        ranking=bar_chart(results.ranking, title=_in_words(results), axis=axis, span=span),
        scores=[(name, score_label(name), score_help(name), higher_is_better(name)) for name in shown_scores(results)],
        best={name: best_by(results, name) for name in shown_scores(results)},
        views=[
            (view, bar_chart(view.ranking, title=f"{view.label}: {view.first} is first", axis=axis, span=span))
            for view in views
        ],
        baseline_sentence=baseline_sentence(views),
        sheet=_contact_sheet(folder, results),
        check_facts=check_facts(results.check, results.student.num_classes),
        student_facts=student_facts(results),
        candidate_facts=candidate_facts(results),
        settings_facts=settings_facts(results),
        cost_facts=cost_facts(results),
        limits=LIMITS,
    )


def _in_words(results: Results) -> str:
    """The ranking as a sentence, for those who cannot see the chart."""
    places = []
    for entry in results.ranking:
        interval = between(*(entry.interval or (None, None)))
        places.append(f"{entry.candidate} {number(entry.score)}" + (f" ({interval})" if interval else ""))
    return f"{score_label(results.score)} of each candidate, best first: {'; '.join(places)}."


def _contact_sheet(folder: RunFolder, results: Results) -> str | None:
    """The first synthesised probes as a data URI, None where they were not kept."""
    if (stored := folder.load_probes(SYNTHESISED)) is None:
        return None
    images, targets = (array[:SHOWN_PROBES] for array in stored)
    labels = tuple(target_words(np.asarray(weights), results.student.class_names, shares=False) for weights in targets)
    return data_uri(contact_sheet(images, labels))
