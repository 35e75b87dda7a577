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
from core.errors import AuditError, Cancelled, InputError, ProbesError
from core.events import PHASES, Answered, Event, PhaseStarted, Ranked
from core.results import Results
from core.runs.control import create_run
from core.runs.folder import RunFolder
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
    assert served.images() == {name: count + 2 for name, count in paid.items()}  # the test images of connecting
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
    assert served.images() == {name: 3 * 24 + 2 * 2 for name in ("oak", "elm", "ash")}
    assert results.queries.by_candidate == served.images()  # both tries' test images counted
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
    needed = 3 * (3 * 24) + 2 * 3 * 2  # each once, and both connections' test images
    assert needed <= sum(served.images().values()) <= needed + 3 * 8  # a batch in flight may be asked once more
    assert answered["oak"] < served.images()["oak"]
    assert results.queries.cached == 0  # also what had come, but was not yet reported when the first try failed


def test_the_results_file_follows_its_written_schema(zoo: Path, served: Served) -> None:
    import jsonschema

    schema = json.loads((Path(__file__).parents[1] / "assets" / "results.schema.json").read_text())
    current = Results.model_json_schema(mode="serialization")
    assert schema == current, "write it anew: python -m core schema > assets/results.schema.json"
    results = run(create_run(config_for(zoo, served)))
    jsonschema.validate(json.loads(results.model_dump_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"ranking": []}, schema)
