"""`python -m core bench ...`. Free of torch until a command runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from core.bench.grid import DATASETS, HALVES, Zoo
from core.choices import chosen

if TYPE_CHECKING:
    from core.bench.place import Place

bench = typer.Typer(no_args_is_help=True, help="Measure accuracy, speed and memory on this machine.")
screen = Console(stderr=True)

Names = list[str] | None
OnlyDataset = Annotated[Names, typer.Option("--dataset", help="Only this data set; may be given again.")]
OneZoo = Annotated[Zoo, typer.Option("--zoo", help="tuning to choose by, held_out and timm to report.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the data set's files.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes side by side, one thread each.")]


@bench.command("all")
def bench_all(
    small: Annotated[bool, typer.Option("--small", help="A small zoo and few methods: minutes, not days.")] = False,
    data: Data = None,
    processes: Processes = 2,
) -> None:
    """Train a zoo, audit every student, write and print the report; what is there already is kept."""
    from core.bench.cells import make_cells
    from core.bench.methods import usable
    from core.bench.place import Place
    from core.bench.report import workspace_report
    from core.bench.zoo import train

    places = [Place(DATASETS[0], "small", data)] if small else [Place(name, "held_out", data) for name in DATASETS]
    for place in places:
        train(place, processes=processes, tell=_say)
        for line in make_cells(place, usable(place, _say), processes=processes):
            _say(line)
    _report(places, None, workspace_report(small=small), processes)


@bench.command("zoo")
def bench_zoo(
    dataset: OnlyDataset = None,
    zoo: Annotated[Zoo | None, typer.Option(help="Only this zoo, not both halves.")] = None,
    data: Data = None,
    processes: Processes = 2,
) -> None:
    """Train the benchmark's models, several hours of work; interrupt it and start it again as you like."""
    from core.bench.place import Place
    from core.bench.zoo import train

    for name in chosen(dataset, DATASETS, "data set"):
        for part in [zoo] if zoo else HALVES:
            train(Place(name, part, data), processes=processes, tell=_say)


@bench.command("run")
def bench_run(
    dataset: OnlyDataset = None,
    zoo: OneZoo = "held_out",
    method: Annotated[Names, typer.Option(help="Only this source of probes; may be given again.")] = None,
    data: Data = None,
    processes: Processes = 2,
) -> None:
    """Audit every student of the benchmark's zoo by every method; interrupt it and start it again as you like."""
    from core.bench.cells import make_cells
    from core.bench.methods import METHODS, usable
    from core.bench.place import Place

    only = method and chosen(method, list(METHODS), "method")
    for name in chosen(dataset, DATASETS, "data set"):
        place = Place(name, zoo, data)
        for line in make_cells(place, only or usable(place, _say), processes=processes):
            _say(line)


@bench.command("report")
def bench_report(
    dataset: OnlyDataset = None,
    zoo: OneZoo = "held_out",
    score: Annotated[Names, typer.Option(help="Only this score; may be given again.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report there, not into the workspace.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Add groups of students to the report that is there.")] = False,
    processes: Processes = 2,
) -> None:
    """Accuracy with its intervals, from what `bench run` made; the app's page Benchmark shows it."""
    from core.bench.place import Place
    from core.bench.report import workspace_report

    places = [Place(name, zoo) for name in chosen(dataset, DATASETS, "data set")]
    _report(places, score, json or workspace_report(), processes, add=add)


@bench.command("speed")
def bench_speed() -> None:
    """How much of a synthesis method's step is spent in the student itself."""
    from core.bench.speed import bench_speed as run

    run(Console())


@bench.command("wire")
def bench_wire() -> None:
    """What asking takes beyond the server's own time."""
    from core.bench.wire import bench_wire as run

    run(Console())


@bench.command("demo")
def bench_demo(
    student: Annotated[Names, typer.Option(help="Only this demo student; may be given again.")] = None,
) -> None:
    """Audit every demo student afresh: who is ranked first, who should be, seconds and memory."""
    from core.bench.demo import bench_demo as run

    run(student or [], Console())


@bench.command("published")
def bench_published() -> None:
    """Networks with ImageNet weights: whether they answer as their packages' own code does, and what they see."""
    from core.bench.published import bench_published as run

    run(Console())


@bench.command("imagenet")
def bench_imagenet(
    folder: Annotated[Path, typer.Argument(help="What `zoo imagenet` makes; what is missing is made first.")],
    student: Annotated[Names, typer.Option(help="Only this student; may be given again.")] = None,
) -> None:
    """Audit students at ImageNet's scale: minutes, memory, how good their probes are, who is ranked first."""
    from core.bench.imagenet import bench_imagenet as run
    from core.zoo.imagenet.students import STUDENTS
    from core.zoo.imagenet.weights import MOBILENET_ID

    run(folder, chosen(student, [MOBILENET_ID, *STUDENTS], "student"), Console())


@bench.command("app")
def bench_app() -> None:
    """Drive the app in a browser: first contact sheet, ranking, page switches and memory."""
    from core.bench.app import bench_app as run

    run(Console())


def _report(places: Sequence[Place], scores: Names, path: Path, processes: int, *, add: bool = False) -> None:
    """Write and print what the cells tell so far."""
    from core.bench.addition import added
    from core.bench.assemble import assemble
    from core.bench.report import read_report
    from core.bench.tables import print_report
    from core.scoring.table import SCORES

    usable = [name for name, known in SCORES.items() if not known.costly]
    report = assemble(places, chosen(scores, usable, "score"), processes=processes, tell=_say)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = added(report, read_report(path)) if add else report
    path.write_text(whole.model_dump_json() + "\n", encoding="utf-8")
    print_report(report, Console())
    _say(f"written to {path}")


def _say(line: str) -> None:
    screen.print(line, highlight=False, markup=False, soft_wrap=True)
