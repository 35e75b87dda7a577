"""The facts that page and report share."""

from __future__ import annotations

import pytest

from core.reports.summary import (
    SetView,
    baseline_sentence,
    best_by,
    check_facts,
    set_views,
    settings_facts,
    shown_scores,
)
from core.results import Estimate, RankedCandidate, Results
from core.scoring.table import REPORTED
from core.synthesis.settings import InversionConfig, MixConfig, Part, PyramidsConfig, SelectionConfig
from tests.support.runs import make_run, probe_check


def results() -> Results:
    found = make_run("done", probes=30).results()
    assert found
    return found


def view(label: str, first: str, same: bool | None) -> SetView:
    entry = RankedCandidate(candidate=first, score=1.0, interval=None, scores={})
    return SetView(label, label, (entry,), same, None)


OWN = view("Synthesised probes", "Amber", None)


@pytest.mark.parametrize(
    ("baselines", "sentence"),
    [
        ([], "No baseline was asked, so nothing shows what the synthesis added."),
        (
            [view("White noise", "B", False), view("Structured random images", "C", False)],
            "White noise puts B first and structured random images put C first. "
            "So Amber is first on the synthesised probes only.",
        ),
        (
            [view("White noise", "B", False), view("Structured random images", "Amber", True)],
            "Structured random images put Amber first as well, but white noise puts B first.",
        ),
        (
            [view("White noise", "Amber", True), view("Structured random images", "Amber", True)],
            "White noise and structured random images put Amber first as well, so the first place does not depend on "
            "the synthesis here. Compare how far ahead it is.",
        ),
    ],
)
def test_what_baselines_say(baselines: list[SetView], sentence: str) -> None:
    assert baseline_sentence((OWN, *baselines)) == sentence


def test_lead_is_the_distance_to_the_second() -> None:
    found = results()
    own, *_ = set_views(found)
    assert own.same_first is None
    assert own.lead == pytest.approx(found.ranking[0].score - found.ranking[1].score)


def test_the_chosen_score_comes_first() -> None:
    found = results()
    assert shown_scores(found)[0] == found.score
    assert set(shown_scores(found)) == set(REPORTED)
    strange = found.ranking[0].model_copy(update={"scores": {"of_the_future": Estimate(value=1.0)}})
    assert "of_the_future" in shown_scores(found.model_copy(update={"ranking": (strange, *found.ranking[1:])}))


@pytest.mark.parametrize("score", list(REPORTED))
def test_the_best_by_each_score_minds_its_direction(score: str) -> None:
    found = results()
    values = {entry.candidate: entry.scores[score].value for entry in found.ranking}
    best = best_by(found, score)
    assert best and values[best] == (max if REPORTED[score].higher_is_better else min)(values.values())


def test_a_student_without_batchnorm_has_no_such_fact() -> None:
    check = probe_check(10)
    with_it = [fact.label for fact in check_facts(check, 10)]
    without = [fact.label for fact in check_facts(check.model_copy(update={"batchnorm_loss": None}), 10)]
    assert set(with_it) - set(without) == {"BatchNorm distance"}


def test_settings_say_when_another_score_ranks_than_was_asked_for() -> None:
    usual = results()
    values = {fact.label: fact.value for fact in settings_facts(usual)}
    assert values["Score that ranks"] == "Excess correlation"
    other = usual.model_copy(update={"score": "centred_distance"})
    values = {fact.label: fact.value for fact in settings_facts(other)}
    assert values["Score that ranks"] == "Centred distance (asked for: Excess correlation)"


def test_probes_made_for_no_class_are_not_said_to_hit_any() -> None:
    unaimed = probe_check(10).model_copy(update={"on_target": None})
    assert [fact.label for fact in check_facts(unaimed, 10)] == [
        fact.label for fact in check_facts(probe_check(10), 10) if fact.label != "On target"
    ]


def test_every_setting_of_the_synthesis_is_listed() -> None:
    pooled = PyramidsConfig(colour=0.25, selection=SelectionConfig(rule="spread", pool_factor=7))
    parts = (Part(share=1, synthesis=InversionConfig(batchnorm_weight=1234)), Part(share=3, synthesis=pooled))
    found = results()
    mixed = found.settings.model_copy(update={"synthesis": MixConfig(parts=parts), "effort": "quick"})
    facts = [(fact.label, fact.value) for fact in settings_facts(found.model_copy(update={"settings": mixed}))]
    assert [value for label, value in facts if label == "Synthesis"] == [
        "Mix",
        "Inversion",
        "Structured random images",
    ]
    assert ("BatchNorm weight", "1,234") in facts and ("Colour", "0.25") in facts
    assert ("Steps", str(InversionConfig.STEPS["quick"])) in facts
    assert ("Selection", "far apart, of 7 times as many") in facts
    assert [value for label, value in facts if label == "Share"] == ["1", "3"]
