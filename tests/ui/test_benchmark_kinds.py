"""What the Benchmark page says of poorer answers."""

from __future__ import annotations

from pathlib import Path

from tests.support.benchmark import KINDS, shown
from tests.support.pages import texts


def test_each_kind_of_answers_has_a_line(committed: Path) -> None:
    app, _ = shown(committed, "Kinds of answers")
    table = app.table[0].value
    assert [text.partition("**")[2].partition("**")[0] for text in table["Answers"]] == [
        label for label, _ in KINDS.values()
    ]
    assert [text.partition("  \n")[0] for text in table["10 probes"]] == ["**80 %**", "**40 %**"]
    assert "compares all candidates by as much as the poorest of them tells" in texts(app)


def test_a_report_without_them_says_so(committed: Path) -> None:
    app, _ = shown(committed, "Kinds of answers", kinds={}, kind_rows=())
    assert "does not say what poorer answers cost" in texts(app)
