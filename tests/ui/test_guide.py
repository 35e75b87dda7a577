"""Guide: pictures with words for those who cannot see them, a glossary, questions."""

from __future__ import annotations

import json
import re

import pytest

from core.ui.guide.figures import ANSWERS, WITH_TEACHER, WITHOUT
from core.ui.words import GLOSSARY
from tests.support.pages import open_page, texts

GUIDE = "pages/guide.py"


def test_it_opens_without_runs_and_without_errors() -> None:
    app = open_page(GUIDE)
    assert not app.exception and not app.error


def test_every_chart_has_title_and_alternative_text_and_numbers_have_axes() -> None:
    charts = open_page(GUIDE).get("plotly_chart")
    assert len(charts) == 4
    for chart in charts:
        layout = json.loads(chart.proto.spec)["layout"]
        assert layout["title"]["text"]
        assert chart.proto.alt.startswith(layout["title"]["text"])
        axes = [layout.get(axis, {}).get("title", {}).get("text") for axis in ("xaxis", "yaxis")]
        assert any(axes)


def test_made_up_numbers_are_marked_as_such() -> None:
    for chart in open_page(GUIDE).get("plotly_chart"):
        assert "illustration" in json.loads(chart.proto.spec)["layout"]["title"]["text"]


def test_the_pictures_show_what_the_text_says() -> None:
    def distance(one: str, other: str) -> float:
        return sum(abs(a - b) for a, b in zip(ANSWERS[one], ANSWERS[other], strict=True))

    assert all(sum(answer) == pytest.approx(1) for answer in ANSWERS.values())
    assert len({max(range(5), key=answer.__getitem__) for answer in ANSWERS.values()}) == 1
    assert distance("Student", "Candidate A") < distance("Student", "Candidate B") / 3
    leads = []
    for scores in (WITH_TEACHER, WITHOUT):
        values = sorted((value for value, _ in scores.values()), reverse=True)
        assert [value for value, _ in scores.values()] == values
        leads.append(values[0] - values[1])
    assert leads[0] > leads[1] > 0


@pytest.mark.parametrize("term", GLOSSARY)
def test_glossary_has(term: str) -> None:
    assert re.search(rf"\*\*{term}\*\*  \n\w", texts(open_page(GUIDE)))


@pytest.mark.parametrize("question", ["What leaves this machine?", "What does it cost?", "Where are my API keys?"])
def test_questions_have_answers(question: str) -> None:
    expander = next(e for e in open_page(GUIDE).expander if e.label == question)
    assert len(expander.markdown[0].value) > 80
