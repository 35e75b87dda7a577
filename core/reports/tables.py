"""The numbers of a run, or of a benchmark, as CSV, for a spreadsheet or a notebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from core.bench.report import Row
from core.config import SYNTHESISED
from core.results import Results
from core.runs.folder import RunFolder
from core.scoring.divergence import kl_divergence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def scores_csv(results: Results) -> str:
    """One row for each set of probes, candidate and score: its value and, where there is one, its interval."""
    sets = [(SYNTHESISED, results.check.probes, results.ranking)]
    sets += [(baseline.probe_set, baseline.probes, baseline.ranking) for baseline in results.baselines]
    rows = [
        (probe_set, probes, place, entry.candidate, score, found.value, found.low, found.high, score == results.score)
        for probe_set, probes, ranking in sets
        for place, entry in enumerate(ranking, start=1)
        for score, found in entry.scores.items()
    ]
    header = ("probe_set", "probes", "place", "candidate", "score", "value", "low", "high", "ranks")
    return _csv(header, rows)


def answers_csv(folder: RunFolder, results: Results) -> str:
    """One row for each probe and model: its most probable class, that probability, and its distance to the student.

    `kl` is KL(candidate || student) in nats, as in the paper's score; the student's own rows have none.
    """
    header = ("probe_set", "probe", "model", "top_class", "top_class_name", "probability", "kl")
    rows: list[Sequence[object]] = []
    for probe_set in results.settings.probe_sets:
        if (found := folder.load_answers(probe_set)) is None:
            continue
        student, answers = found
        kl = kl_divergence(student, np.stack(list(answers.values())))
        for probe in range(len(student)):
            rows.append((probe_set, probe, "student", *_top(student[probe], results), None))
            rows += [
                (probe_set, probe, name, *_top(answer[probe], results), float(kl[index, probe]))
                for index, (name, answer) in enumerate(answers.items())
            ]
    return _csv(header, rows)


def benchmark_csv(rows: Iterable[Row]) -> str:
    """One row for each data set, method, score, group of students and number of probes, by the report's names."""
    header = ("dataset", "method", "score", "group", "probes", "students", "accuracy", "accuracy_low", "accuracy_high",
              "auc", "auc_low", "auc_high")  # fmt: skip
    return _csv(header, (
        (row.dataset, row.method, row.score, row.group, row.probes, row.students,
         row.accuracy.value, row.accuracy.low, row.accuracy.high, row.auc.value, row.auc.low, row.auc.high)
        for row in rows
    ))  # fmt: skip


def _top(log_probs: np.ndarray, results: Results) -> tuple[int, str, float]:
    index = int(log_probs.argmax())
    return index, results.student.class_names[index], float(np.exp(log_probs[index]))


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")  # RFC 4180
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe; names come from strangers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
