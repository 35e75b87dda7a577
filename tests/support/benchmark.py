"""A benchmark's report as it may look, from a formula: nothing in it was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean

from streamlit.testing.v1 import AppTest

from core.bench.report import (
    NUMBERS,
    Average,
    Cost,
    Difference,
    Interval,
    KindRow,
    Named,
    NamedMethod,
    Picks,
    Report,
    Row,
)
from tests.support.pages import open_page

PAGE = "pages/benchmark.py"
TABS = ("Accuracy", "Against others", "Kinds of answers", "Mistakes", "Time and queries", "Ablations")
CANDIDATES = ("oak", "elm", "ash", "yew")
GUESS = 1 / len(CANDIDATES)
DATASETS = {"grey": "Grey clothes", "colour": "Clothes in colour"}
METHODS = {  # label, how good, seconds
    "generator": ("Generator", 0.95, 8.0),
    "real": ("Real images (oracle)", 0.97, 0.002),
    "mia_filter": ("Public images, MIA filter", 0.55, 1.5),
    "ood_filter": ("Public images, OOD filter", 0.5, 1.4),
    "paper_generator": ("The paper's generator", 0.65, 95.0),
    "pyramids": ("Structured random images", 0.85, 0.05),
    "white_noise": ("White noise", 0.3, 0.01),
    "inversion": ("Inversion, coarse to fine", 0.93, 21.0),
    "inversion_no_mix": ("Inversion without mixes", 0.9, 20.0),
}
ABLATES = {"inversion_no_mix": "inversion"}
PAIRS = [  # the default's, then the ablations'
    (("generator", "rp"), ("real", "inverse_kl")),
    (("generator", "rp"), ("pyramids", "rp")),
    (("generator", "rp"), ("paper_generator", "inverse_kl")),
    *(((name, "rp"), (whole, "rp")) for name, whole in ABLATES.items()),
]
SCORES = {"rp": ("Projected residual cosine", 1.0), "inverse_kl": ("Mean 1 / KL", 0.8), "acs": ("ACS", 0.6)}
KINDS = {"probs": ("Probabilities", 0.8), "labels": ("Labels", 0.4)}  # of answers: label, accuracy
GROUPS = {  # label, how easy, students
    "kd": ("KD, T = 4 and 10", 1.0, 16),
    "rkd": ("RKD", 0.9, 16),
    "transformer": ("KD, transformer", 0.6, 8),
    "hard_labels": ("Hard labels", 0.1, 16),
    "all": ("All distilled", 0.85, 56),
}
ARCHITECTURES = ("stridenet4", "vit2")


def make_report(**changes: object) -> Report:
    """Every method, score and group on two data sets; `changes` replace whole fields."""
    rows = changes.get("rows", [_row(*names) for names in product(DATASETS, METHODS, SCORES, GROUPS, NUMBERS)])
    fields: dict[str, object] = {
        "version": "1.2.3",
        "created": "2026-01-02T03:04:05+00:00",
        "half": "held_out",
        "small": False,
        "draws": 20,
        "default_method": "generator",
        "default_score": "rp",
        "datasets": {name: Named(label=label, explanation=f"Data: {label}.") for name, label in DATASETS.items()},
        "methods": {
            name: NamedMethod(**words.model_dump(), ablates=ABLATES.get(name))
            for name, words in _named(METHODS).items()
        },
        "scores": _named(SCORES),
        "groups": _named(GROUPS),
        "rows": rows,
        "averages": averages(rows),
        "differences": differences(rows),
        "costs": [
            Cost(dataset=dataset, method=method, seconds=seconds, queries=100)
            for dataset, (method, (_, _, seconds)) in product(DATASETS, METHODS.items())
        ],
        "confusions": [_picks(*names, CANDIDATES) for names in product(DATASETS, METHODS, SCORES)],
        "independents": [_picks(*names, ARCHITECTURES) for names in product(DATASETS, METHODS, SCORES)],
        "kinds": {name: Named(label=label, explanation=f"What {label} are.") for name, (label, _) in KINDS.items()},
        "kind_rows": [
            KindRow(dataset, kind, "rp", group, GROUPS[group][2], probes, _interval(KINDS[kind][1], GROUPS[group][2]))
            for dataset, kind, group, probes in product(DATASETS, KINDS, GROUPS, (*NUMBERS, None))
        ],
    }
    return Report.model_validate(fields | changes)


def averages(rows: Sequence[Row]) -> list[Average]:
    """One for each four rows that differ in the number of probes alone."""
    found: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.dataset, row.method, row.score, row.group), []).append(row)
    return [
        Average(
            *(getattr(some[0], key) for key in ("dataset", "method", "score", "group", "students")),
            accuracy=_interval(fmean(row.accuracy.value for row in some), some[0].students),
            auc=_interval(fmean(row.auc.value for row in some), 4 * some[0].students),
        )
        for some in found.values()
    ]


def differences(rows: Sequence[Row]) -> list[Difference]:
    """Of all pairs, with intervals of five points either way."""
    right = {(row.dataset, row.group, row.method, row.score, row.probes): row.accuracy.value for row in rows}
    right |= {(one.dataset, one.group, one.method, one.score, None): one.accuracy.value for one in averages(rows)}
    found = []
    for dataset, group, (one, other), probes in product(DATASETS, GROUPS, PAIRS, (*NUMBERS, None)):
        mine, theirs = (right.get((dataset, group, *way, probes)) for way in (one, other))
        if mine is not None and theirs is not None:
            names = dict(zip(("method", "score", "other_method", "other_score"), (*one, *other), strict=True))
            value = mine - theirs
            accuracy = Interval(value=value, low=value - 0.05, high=value + 0.05)
            students = GROUPS[group][2]
            found.append(
                Difference(dataset=dataset, group=group, **names, probes=probes, students=students, accuracy=accuracy)
            )
    return found


def write_report(path: Path, report: Report | None = None) -> Report:
    report = report or make_report()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(), encoding="utf-8")
    return report


def rows(report: Report, **names: object) -> list[Row]:
    """The rows of these names, in increasing numbers of probes."""
    found = [row for row in report.rows if all(getattr(row, key) == name for key, name in names.items())]
    return sorted(found, key=lambda row: row.probes)


def shown(path: Path, tab: str = "Accuracy", **changes: object) -> tuple[AppTest, Report]:
    """The page with a report written to `path`, one of its tabs open."""
    report = write_report(path, make_report(**changes))
    app = open_page(PAGE, state={"benchmark_tabs": tab})
    assert not app.exception and not app.error
    return app, report


def charts(app: AppTest) -> list[dict[str, object]]:
    """What the page draws, as Plotly's own JSON."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def _named(names: dict[str, tuple[str, float, float]] | dict[str, tuple[str, float]]) -> dict[str, Named]:
    return {name: Named(label=words[0], explanation=f"What {words[0]} is.") for name, words in names.items()}


def _row(dataset: str, method: str, score: str, group: str, probes: int) -> Row:
    worth = METHODS[method][1] * SCORES[score][1] * GROUPS[group][1] * (0.9 if dataset == "colour" else 1.0)
    accuracy = GUESS + (1 - GUESS) * worth * (1 - math.exp(-0.9 * probes**0.6))
    students = GROUPS[group][2]
    return Row(
        dataset=dataset,
        method=method,
        score=score,
        group=group,
        probes=probes,
        students=students,
        accuracy=_interval(accuracy, students),
        auc=_interval(0.5 + 0.5 * accuracy, 4 * students),
    )


def _interval(value: float, students: int) -> Interval:
    half = 1.96 * math.sqrt(value * (1 - value) / students)
    return Interval(value=value, low=max(value - half, 0.0), high=min(value + half, 1.0))


def _picks(dataset: str, method: str, score: str, rows: tuple[str, ...]) -> Picks:
    """Most of each row goes to the candidate of the row's number, the rest to the others, the next one more."""
    top = 0.7 * METHODS[method][1] * SCORES[score][1]
    rest = 1 - top
    shares = [
        [top if j == i else rest * (0.6 if j == (i + 1) % 4 else 0.2) for j in range(len(CANDIDATES))]
        for i in range(len(rows))
    ]
    return Picks(dataset=dataset, method=method, score=score, rows=rows, candidates=CANDIDATES, shares=shares)
