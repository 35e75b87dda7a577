"""The audit end to end, on a tiny zoo behind real HTTP: probes, answers, ranking, and going on after a stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audit import audit
from core.config import AuditConfig, StudentConfig
from core.errors import AuditError, Cancelled, InputError, OverBudget, ProbesError
from core.events import PHASES, Answered, Event, Lost, PhaseStarted, Ranked
from core.results import Results
from core.runs.control import create_run
from core.runs.folder import RunFolder
from core.runs.records import Budgets
from core.synthesis.settings import GeneratorConfig, PyramidsConfig, SelectionConfig
from core.teachers.panel import open_panel
from tests.support.served import Served, serve_folder
from tests.support.zoo import make_zoo

SMALL = GeneratorConfig(steps=25, batch=16, width=16, latent=8)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


@pytest.fixture
def served(zoo: Path) -> Iterator[Served]:
    with serve_folder(zoo / "candidates") as server:
        yield server


def config_for(zoo: Path, served: Served, **changes: object) -> AuditConfig:
    student = StudentConfig(checkpoint=zoo / "students" / "fern.safetensors")
    candidates = tuple(candidate.model_copy(update={"max_batch": 8}) for candidate in served.candidates)
    settings = {"probes": 24, "synthesis": SMALL, "bootstrap": 100, "ask_anyway": True, "device": "cpu"}
    return AuditConfig(student=student, candidates=candidates, **(settings | changes))


def run(folder: RunFolder, on_event=lambda event: None) -> Results:
    config = folder.manifest().config
    cancelled = threading.Event()
    with open_panel(config, cancelled) as panel:
        return audit(config, panel, folder, on_event, cancelled=cancelled)


def test_tells_its_story_and_ranks_all_candidates(zoo: Path, served: Served) -> None:
    events: list[Event] = []
    folder = create_run(config_for(zoo, served))
    results = run(folder, events.append)

    assert [event.phase for event in events if isinstance(event, PhaseStarted)] == list(PHASES)
    assert {entry.candidate for entry in results.ranking} == {"oak", "elm", "ash"}
    assert results.verdict.kind == "ranking_only"
    assert results.score == "excess_correlation"
    assert {baseline.probe_set for baseline in results.baselines} == {"white_noise", "pyramids"}
    assert [event.probes for event in events if isinstance(event, Ranked)] == [20, 24] * 3
    answered = [event for event in events if isinstance(event, Answered)]
    assert (answered[-1].done, answered[-1].total) == (3 * 24 * 3, 3 * 24 * 3)

    queries = 3 * 24  # sets times probes; two test images come on top
    assert served.images() == {name: queries + 2 for name in ("oak", "elm", "ash")}
    assert results.queries.by_candidate == served.images()
    assert results.queries.cached == 0


def test_its_probes_are_what_student_and_candidates_are_compared_on(zoo: Path, served: Served) -> None:
    folder = create_run(config_for(zoo, served))
    run(folder)
    images, targets = folder.load_probes("synthesised")
    student, answers = folder.load_answers("synthesised")
    assert images.shape == (24, 1, 28, 28)
    assert targets.shape == student.shape == (24, 10)
    pixels = (images[:3] / 255).astype(np.float32)
    oak = served.ask("oak", pixels)
    np.testing.assert_allclose(np.exp(answers["oak"][:3]), np.maximum(oak, 1e-6), rtol=1e-4)


def test_the_same_seed_gives_the_same_results_and_pays_nothing_twice(zoo: Path, served: Served) -> None:
    config = config_for(zoo, served)
    first = run(create_run(config))
    paid = served.images()
    second = run(create_run(config))
    assert second.ranking == first.ranking
    assert served.images() == paid  # not even test images: those of an hour ago still hold
    assert second.queries.cached == 3 * 24 * 3


def test_goes_on_where_it_was_cancelled(zoo: Path, served: Served) -> None:
    folder = create_run(config_for(zoo, served))

    def stop_in_the_middle(event: Event) -> None:
        if isinstance(event, Ranked):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(folder, stop_in_the_middle)
    probes = folder.load_probes("synthesised")[0]
    results = run(folder)
    np.testing.assert_array_equal(folder.load_probes("synthesised")[0], probes)
    assert served.images() == {name: 3 * 24 + 2 for name in ("oak", "elm", "ash")}
    assert results.queries.by_candidate == served.images()
    assert results.queries.cached == 0  # this run itself had paid for what the first try left
    assert results.ranking == run(create_run(config_for(zoo, served))).ranking


def test_reads_nothing_but_the_students_weights(zoo: Path, served: Served, tmp_path: Path) -> None:
    """A student that is moved away from its card, under another name, gets the same results."""
    copy = tmp_path / "unknown.safetensors"
    copy.write_bytes((zoo / "students" / "fern.safetensors").read_bytes())
    config = config_for(zoo, served)
    moved = config.model_copy(update={"student": StudentConfig(checkpoint=copy)})
    assert run(create_run(moved)).ranking == run(create_run(config)).ranking


def test_bad_probes_stop_it_before_a_query_is_spent(zoo: Path, served: Served) -> None:
    untrained = GeneratorConfig(steps=1, batch=2, width=8, latent=2)
    config = config_for(zoo, served, synthesis=untrained, ask_anyway=False)
    with pytest.raises(ProbesError, match="failed their check"):
        run(create_run(config))
    assert served.images() == {name: 2 for name in ("oak", "elm", "ash")}
    assert run(create_run(config.model_copy(update={"ask_anyway": True}))).check.problems


def test_probes_that_nobody_optimised_are_audited_like_any_other(zoo: Path, served: Served) -> None:
    drawn = PyramidsConfig(selection=SelectionConfig(rule="spread", pool_factor=2))
    folder = create_run(config_for(zoo, served, synthesis=drawn, baselines=()))
    results = run(folder)
    assert results.check.on_target is None
    assert folder.load_probes("synthesised")[1].shape == (24, 0)
    assert {entry.candidate for entry in results.ranking} == {"oak", "elm", "ash"}


def test_a_checkpoint_that_changed_under_a_run_is_refused(zoo: Path, served: Served, tmp_path: Path) -> None:
    copy = tmp_path / "student.safetensors"
    copy.write_bytes((zoo / "students" / "fern.safetensors").read_bytes())
    config = config_for(zoo, served)
    folder = create_run(config.model_copy(update={"student": StudentConfig(checkpoint=copy)}))
    copy.write_bytes((zoo / "candidates" / "elm.safetensors").read_bytes())
    with pytest.raises(InputError, match="not the one this run was started with"):
        run(folder)


def test_two_candidates_are_ranked_by_distance_and_that_is_said(zoo: Path, served: Served) -> None:
    config = config_for(zoo, served)
    two = config.model_copy(update={"candidates": config.candidates[:2], "score": "rp"})
    results = run(create_run(two))
    assert results.score == "centred_distance"
    assert "at least 3 candidates" in results.verdict.why
    values = [entry.score for entry in results.ranking]
    assert values == sorted(values)


def test_a_candidate_that_fails_midway_costs_no_answer(zoo: Path, served: Served) -> None:
    class GoneAfter:
        """Stops the server once so many replies have come."""

        def __init__(self, replies: int) -> None:
            self.left = replies

        def __call__(self, event: Event) -> None:
            if isinstance(event, Answered):
                self.left -= 1
                if self.left == 0:
                    served.refuse_calls(True)

    folder = create_run(config_for(zoo, served))
    with pytest.raises(AuditError):
        run(folder, GoneAfter(3))
    answered = served.images()
    served.refuse_calls(False)
    results = run(folder)
    needed = 3 * (3 * 24) + 2 * 3  # each once, and the test images
    assert needed <= sum(served.images().values()) <= needed + 3 * 8  # a batch in flight may be asked once more
    assert answered["oak"] < served.images()["oak"]
    assert results.queries.cached == 0  # also what had come, but was not yet reported when the first try failed


def test_a_candidate_that_cannot_be_reached_is_named_and_can_be_asked_later(zoo: Path, served: Served) -> None:
    config = config_for(zoo, served)
    dead = config.candidates[0].model_copy(update={"name": "dead", "model": "yew"})
    events: list[Event] = []
    folder = create_run(config.model_copy(update={"candidates": (*config.candidates, dead)}))
    results = run(folder, events.append)
    assert {entry.candidate for entry in results.ranking} == {"oak", "elm", "ash"}
    assert [one.candidate for one in results.unreachable] == ["dead"]
    assert "there is no model 'yew'" in results.unreachable[0].message
    assert [event.candidate for event in events if isinstance(event, Lost)] == ["dead"]
    assert (
        "Not ranked, since it could not be asked: dead. Whoever is left out may be the teacher." in results.verdict.why
    )
    assert not results.complete
    paid = served.images()
    assert run(folder).unreachable == results.unreachable
    assert served.images() == paid  # trying again costs the others nothing


def test_a_candidate_that_is_lost_midway_is_ranked_after_it_is_back(zoo: Path, served: Served) -> None:
    config = config_for(zoo, served, baselines=("pyramids",))
    folder = create_run(config)

    def refuse_oak(event: Event) -> None:
        if isinstance(event, Answered) and event.candidate == "oak":
            served.refuse_calls(True, model="oak")

    results = run(folder, refuse_oak)
    assert [one.candidate for one in results.unreachable] == ["oak"]
    assert {entry.candidate for entry in results.ranking} == {"elm", "ash"}
    assert all(len(found.ranking) == 2 for found in results.baselines)
    served.refuse_calls(False)
    paid = served.images()
    again = run(folder)
    assert again.complete
    assert {entry.candidate for entry in again.ranking} == {"oak", "elm", "ash"}
    assert {name: served.images()[name] - paid[name] for name in ("elm", "ash")} == {"elm": 0, "ash": 0}
    assert 48 + 2 <= served.images()["oak"] <= 48 + 2 + 8  # a batch in flight may be asked once more
    assert again.ranking == run(create_run(config)).ranking


def test_two_keys_to_one_address_may_lead_to_two_models(
    zoo: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tenants behind one URL and model name: answers of one are not taken for the other's."""
    monkeypatch.setenv("FIRST_KEY", "key-of-oak")
    monkeypatch.setenv("SECOND_KEY", "key-of-elm")
    served.lead_by_key({"key-of-oak": "oak", "key-of-elm": "elm"})
    config = config_for(zoo, served, baselines=())
    first = config.candidates[0].model_copy(update={"name": "first", "model": "oak", "key_env": "FIRST_KEY"})
    second = first.model_copy(update={"name": "second", "key_env": "SECOND_KEY"})
    folder = create_run(config.model_copy(update={"candidates": (first, second)}))
    run(folder)
    _, answers = folder.load_answers("synthesised")
    assert np.abs(answers["first"] - answers["second"]).max() > 0.01


class TestBudget:
    def test_is_kept_and_raised_and_every_answer_is_paid_for_once(self, zoo: Path, served: Served) -> None:
        config = config_for(zoo, served)
        modest = config.candidates[0].model_copy(update={"budget": 2 + 24 + 10})
        folder = create_run(config.model_copy(update={"candidates": (modest, *config.candidates[1:])}))
        results = run(folder)
        assert served.images() == {name: 36 for name in ("oak", "elm", "ash")}
        assert [(one.probe_set, one.asked, one.planned) for one in results.shortfalls] == [
            ("white_noise", 10, 24),
            ("pyramids", 0, 24),
        ]
        assert "only 10 of 24 (white noise), 0 of 24 (structured random images) were asked." in results.verdict.why
        assert [found.probe_set for found in results.baselines] == ["white_noise"]
        folder.set_budgets(Budgets(run=2 * 3 + 3 * 3 * 24))
        finished = run(folder)
        assert finished.complete
        assert served.images() == {name: 2 + 3 * 24 for name in ("oak", "elm", "ash")}
        assert finished.ranking == run(create_run(config)).ranking

    def test_of_the_run_is_shared_by_all(self, zoo: Path, served: Served) -> None:
        results = run(create_run(config_for(zoo, served, budget=3 * (2 + 20))))
        assert served.images() == {name: 22 for name in ("oak", "elm", "ash")}
        assert results.shortfalls[0].asked == results.queries.by_candidate["oak"] - 2 == 20

    def test_that_pays_for_nothing_ends_the_run(self, zoo: Path, served: Served) -> None:
        folder = create_run(config_for(zoo, served, budget=3 * 3))
        with pytest.raises(OverBudget, match="the budget is used up before there is anything to rank by"):
            run(folder)
        folder.set_budgets(Budgets())
        assert run(folder).complete


def test_answers_of_several_kinds_are_compared_by_the_poorest(zoo: Path, served: Served) -> None:
    with serve_folder(zoo / "candidates", decimals=2) as rounding:
        config = config_for(zoo, served)
        coarse = rounding.candidates[0].model_copy(update={"name": "coarse"})
        results = run(create_run(config.model_copy(update={"candidates": (*config.candidates[1:], coarse)})))
    assert "All are compared as if rounded to 2 decimals, since coarse is." in results.verdict.why


def test_the_results_file_follows_its_written_schema(zoo: Path, served: Served) -> None:
    import jsonschema

    schema = json.loads((Path(__file__).parents[1] / "assets" / "results.schema.json").read_text())
    current = Results.model_json_schema(mode="serialization")
    assert schema == current, "write it anew: python -m core schema > assets/results.schema.json"
    results = run(create_run(config_for(zoo, served)))
    jsonschema.validate(json.loads(results.model_dump_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"ranking": []}, schema)
