"""Answers to test images: kept for an hour, and for nobody but whom they are of."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.candidates import CandidateConfig, RequestForm
from core.teachers.cache import AnswerCache
from core.teachers.trials import HOLDS, Trial, Trials, trial_key

ONE = CandidateConfig(name="one", protocol="generic", url="http://a", request=RequestForm())
MATTERS: dict[str, object] = {  # what an answer depends on, and another value of it
    "protocol": "torchserve",
    "url": "http://b",
    "model": "m",
    "version": "2",
    "checkpoint": Path("x.safetensors"),
    "output": "labels",
    "top_k": 3,
    "classes": ("a", "b"),
    "synonyms": {"a": "b"},
    "request": RequestForm(path="other"),
    "pixels": "signed",
    "mean": (0.5,),
    "std": (0.5,),
    "size": (32, 32),
    "layout": "channels_last",
}
DOES_NOT: dict[str, object] = {
    "name": "two",
    "key_env": "A_KEY",
    "key_header": "X-API-Key",
    "ca_file": Path("ca.pem"),
    "max_batch": 3,
    "max_concurrency": 4,
    "requests_per_minute": 5.0,
    "timeout": 6.0,
    "budget": 7,
    "price": 0.5,
}


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Trials]:
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        yield Trials(cache, "one|")


def test_what_was_told_comes_back_as_it_was(trials: Trials) -> None:
    told = [np.array([0.25, 0.75]), {"cat": 0.5, "dog": 0.1}, "cat"]
    trials.remember("key", Trial(told, "v7", 0.125))
    found = trials.recall("key")
    np.testing.assert_array_equal(found.told[0], told[0])
    assert (list(found.told[1:]), found.served, found.latency) == (told[1:], "v7", 0.125)
    assert trials.recall("another key") is None


@pytest.mark.parametrize(("later", "holds"), [(HOLDS - 5, True), (HOLDS + 5, False), (-5, False)])
def test_it_holds_for_an_hour(trials: Trials, later: float, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    trials.remember("key", Trial(["cat"], None, 0.1))
    now = time.time() + later
    monkeypatch.setattr(time, "time", lambda: now)
    assert (trials.recall("key") is not None) is holds
    assert (trials.recall("key", within=math.inf) is not None) is (later > 0)


def test_they_are_for_nobody_else(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        Trials(cache, "one|first run").remember("key", Trial(["cat"], None, 0.1))
        assert Trials(cache, "one|first run").recall("key") is not None
        assert Trials(cache, "one|second run").recall("key") is None
        assert Trials(cache, "two|first run").recall("key") is None


def test_each_field_of_a_candidate_is_thought_of() -> None:
    assert MATTERS.keys() | DOES_NOT.keys() == CandidateConfig.model_fields.keys()
    assert not MATTERS.keys() & DOES_NOT.keys()


@pytest.mark.parametrize("field", list(MATTERS | DOES_NOT))
def test_what_an_answer_depends_on_makes_another_trial(field: str) -> None:
    changed = ONE.model_copy(update={field: (MATTERS | DOES_NOT)[field]})
    assert (trial_key(changed, None) != trial_key(ONE, None)) is (field in MATTERS)


def test_circumstances_and_a_given_identity_count() -> None:
    assert trial_key(ONE, None, (1, 28, 28)) != trial_key(ONE, None, (3, 28, 28))
    other = ONE.model_copy(update={"url": "http://127.0.0.1:5"})
    assert trial_key(ONE, "zoo|abc") == trial_key(other, "zoo|abc") != trial_key(ONE, "zoo|abd")
