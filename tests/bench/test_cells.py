"""From a zoo to a report, with real models that were trained for a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from core.bench import assemble as assembling
from core.bench import cells, grid, zoo
from core.bench.assemble import assemble
from core.bench.cells import PROBES, cell_path, make_cells, read_cell
from core.bench.methods import BenchMethod, synthesised
from core.bench.report import Report, read_report, workspace_report
from core.bench.tables import print_report
from core.bench.zoo import Place
from core.errors import InputError
from core.synthesis.settings import PyramidsConfig, SelectionConfig
from core.zoo.recipes import Recipe
from core.zoo.train import train_zoo
from tests.support.zoo import FASHION, random_split

TINY = [
    Recipe("oak", "candidate", "dwnet6", seed=1, epochs=1),
    Recipe("elm", "candidate", "vit2", seed=2, epochs=1),
    Recipe("ash", "candidate", "groupnet4", seed=3, epochs=1),
    Recipe("fern", "student", "dwnet6", seed=4, epochs=1, lesson="kd", teachers=("oak",)),
    Recipe("moss", "student", "vit2", seed=5, epochs=1, lesson="rkd", teachers=("elm",)),
    Recipe("reed", "student", "stridenet4", seed=6, epochs=1),
]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    """A zoo of three candidates and three students in an empty workspace."""
    place = Place("fashion_mnist", "tuning")
    split = random_split()
    train_zoo(TINY, FASHION, split, split, place.folder, tell=lambda line: None)
    for module in (assembling, zoo):
        monkeypatch.setattr(module, "zoo_recipes", lambda half: TINY)
    for module in (assembling, cells, grid):
        monkeypatch.setitem(module.CANDIDATES, "tuning", ("oak", "elm", "ash"))
    methods = {
        "drawn": BenchMethod("Drawn", "", synthesised(PyramidsConfig()), at_once=120),
        "chosen": BenchMethod(
            "Chosen", "", synthesised(PyramidsConfig(selection=SelectionConfig(rule="balanced", pool_factor=2)))
        ),
    }
    for module in (assembling, cells):
        monkeypatch.setattr(module, "METHODS", methods)
    monkeypatch.setattr(cells, "DRAWS", 3)
    cells._candidates.cache_clear()
    return place


@pytest.fixture
def asked(place: Place) -> Place:
    for method in ("drawn", "chosen"):
        for recipe in TINY[3:]:
            cells._make(place, method, recipe.id)
    return place


def test_a_cell_holds_what_was_answered(asked: Place) -> None:
    cell = read_cell(asked, "drawn", "fern")
    images = len(cell.student)
    assert cell.candidates.shape == (3, images, 10) and cell.student.shape == (images, 10)
    np.testing.assert_allclose(np.exp(cell.student).sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(np.exp(cell.candidates).sum(axis=2), 1, rtol=1e-4)
    assert cell.seconds > 0


def test_images_that_do_not_depend_on_the_student_are_answered_once(asked: Place) -> None:
    kept = list((cell_path(asked, "drawn", "fern").parents[1] / "answers").iterdir())
    assert len(kept) == 1 + 3, "one for all students, and one for each whose opinion was asked"


def test_what_is_there_is_not_made_again(asked: Place) -> None:
    before = cell_path(asked, "drawn", "fern").stat().st_mtime_ns
    assert list(make_cells(asked, ["drawn"], ["fern"], processes=1)) == []
    assert cell_path(asked, "drawn", "fern").stat().st_mtime_ns == before


def test_selected_probes_of_a_draw_stand_best_first(asked: Place) -> None:
    cell = read_cell(asked, "chosen", "fern")
    np.testing.assert_array_equal(cell.draws[1], np.arange(PROBES, 2 * PROBES))


class TestReport:
    @pytest.fixture
    def report(self, asked: Place) -> Report:
        return assemble(["fashion_mnist"], "tuning", ["rp", "agreement"], tell=lambda line: None)

    def test_has_a_row_for_everything(self, report: Report) -> None:
        assert {row.group for row in report.rows} == {"all", "kd_t4_t10", "other_without"}
        assert len(report.rows) == 3 * 2 * 2 * 4, "groups, methods, scores, numbers of probes"
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

    def test_is_the_same_again(self, report: Report, asked: Place) -> None:
        again = assemble(["fashion_mnist"], "tuning", ["rp", "agreement"], tell=lambda line: None)
        assert again.rows == report.rows


def test_there_is_no_report_before_a_method_is_through(place: Place) -> None:
    cells._make(place, "drawn", "fern")
    with pytest.raises(InputError, match="no method has been run on all students"):
        assemble(["fashion_mnist"], "tuning", ["rp"], tell=lambda line: None)


def test_there_is_no_report_in_a_file_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="no benchmark report"):
        read_report(tmp_path / "report.json")


def test_a_zoo_is_trained_side_by_side_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(zoo, "zoo_recipes", lambda half: TINY)
    monkeypatch.setattr(zoo, "side_by_side", lambda work, jobs, processes: ((job, work(*job)) for job in jobs))
    monkeypatch.setattr(zoo, "splits", lambda place: (random_split(), random_split(examples=20)))
    place = Place("fashion_mnist", "tuning")
    zoo.train(place, processes=2, tell=said.append)
    assert len(said) == len(TINY) and "oak: accuracy" in said[0]
    zoo.train(place, processes=2, tell=said.append)
    assert len(said) == len(TINY)
