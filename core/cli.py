"""The command line: `python -m core audit | discover | serve | zoo | students | doctor | bench | schema`.

Exit codes: 0 done, 2 bad input, 3 failed or cancelled.
"""

from __future__ import annotations

import json as json_module
import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from core.bench.commands import bench
from core.choices import chosen
from core.errors import AuditError, InputError
from core.students.commands import students

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
zoo = typer.Typer(no_args_is_help=True, help="Small models to train, distil and audit.")
app.add_typer(zoo, name="zoo")
app.add_typer(bench, name="bench")
app.add_typer(students, name="students")

screen = Console(stderr=True)


@app.command()
def audit(
    file: Annotated[Path, typer.Argument(help="The audit's TOML file; assets/demo/audit.toml is the demo.")],
    json: Annotated[Path | None, typer.Option(help="Write the results there; - for standard output.")] = None,
    student: Annotated[str | None, typer.Option(help="Audit this demo student instead, by its card's id.")] = None,
) -> None:
    """Audit a student and print the ranking and the verdict."""
    from core.config import load_config
    from core.runs.control import create_run
    from core.runs.execute import execute
    from core.terminal import Progress, print_results
    from core.zoo.demo import with_demo_student

    config = load_config(file)
    if student:
        config = with_demo_student(config, student)
    if json and json != Path("-") and (json.is_dir() or not json.resolve().parent.is_dir()):
        raise InputError(f"there is no folder for {json}, or it is one", remedy="give the path of a file in a folder")
    folder = create_run(config)
    logging.basicConfig(filename=folder.path / "worker.log", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written must not fill the screen
    with Progress(screen) as progress:
        results = execute(folder, progress)
    print_results(results, folder, screen)
    if json == Path("-"):
        print(results.model_dump_json(indent=2), flush=True)
    elif json:
        json.write_text(results.model_dump_json(indent=2) + "\n", encoding="utf-8")


@app.command()
def discover(
    url: Annotated[str, typer.Argument(help="Address of a server, of a model behind it, or of one operation.")],
    key_env: Annotated[str | None, typer.Option(help="Environment variable that holds the key.")] = None,
    model: Annotated[str | None, typer.Option(help="The model that is meant; some servers list none.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print [[candidates]] for an audit's file.")] = False,
) -> None:
    """Find out what a server speaks and which models it has; no image is sent."""
    from core.discovery.discover import discover as look
    from core.discovery.show import as_toml, print_table

    findings = look(url, key_env=key_env, model=model)
    if toml:
        print(as_toml(findings), end="", flush=True)
    else:
        print_table(findings, Console())


@app.command()
def serve(
    folder: Annotated[Path, typer.Option(help="Serve every *.safetensors model in this folder.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8600,
    output: Annotated[Literal["probs", "logits"], typer.Option(help="What an answer holds.")] = "probs",
    decimals: Annotated[int | None, typer.Option(help="Round answers to so many decimals.")] = None,
    latency: Annotated[float, typer.Option(help="Seconds that each call takes longer.")] = 0.0,
    error_rate: Annotated[float, typer.Option(help="Share of calls that fail with 500 or 503.")] = 0.0,
    max_batch: Annotated[int, typer.Option(help="Largest number of images a call.")] = 64,
    api_key_env: Annotated[str | None, typer.Option(help="Ask for the key in this environment variable.")] = None,
    until_stdin_closes: Annotated[bool, typer.Option(help="Stop when standard input ends.")] = False,
) -> None:
    """Serve zoo models over the Open Inference Protocol v2."""
    from core.zoo.server import serve as run_server

    run_server(
        sorted(folder.glob("*.safetensors")),
        host=host,
        port=port,
        output=output,
        decimals=decimals,
        latency=latency,
        error_rate=error_rate,
        max_batch=max_batch,
        api_key_env=api_key_env,
        until_stdin_closes=until_stdin_closes,
    )


@zoo.command("train")
def zoo_train(
    out: Annotated[Path, typer.Option(help="Where models and cards go; what is there already is kept.")],
    data: Annotated[Path | None, typer.Option(help="Folder of Fashion-MNIST's four .gz files.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Make only this model; may be given again.")] = None,
) -> None:
    """Train the demo's candidates and distil its students (about half an hour on two cores)."""
    from core.devices import limit_threads
    from core.zoo.datasets.table import DATASETS
    from core.zoo.recipes import DEMO_RECIPES
    from core.zoo.train import train_zoo

    names = chosen(only, [recipe.id for recipe in DEMO_RECIPES], "model of the zoo")
    limit_threads()
    dataset = DATASETS["fashion_mnist"]
    train, test = dataset.load(data)
    wanted = [recipe for recipe in DEMO_RECIPES if recipe.id in names]
    train_zoo(wanted, dataset, train, test, out, tell=screen.print)


@zoo.command("imagenet")
def zoo_imagenet(
    out: Annotated[Path, typer.Option(help="Where models and cards go; what is there already is kept.")],
    only: Annotated[list[str] | None, typer.Option(help="Distil only this student; may be given again.")] = None,
) -> None:
    """Fetch four networks with ImageNet weights, and distil students from three (ten minutes each on two cores)."""
    from core.devices import limit_threads
    from core.zoo.imagenet.students import STUDENTS, make_zoo

    limit_threads()
    make_zoo(out, chosen(only, list(STUDENTS), "student"), tell=screen.print)


@zoo.command("list")
def zoo_list() -> None:
    """The demo's models by their cards; true teachers are left out."""
    from rich.table import Table

    from core.zoo.cards import demo_candidates, demo_students

    table = Table("id", "role", "architecture", "family", "parameters", "accuracy")
    for card in (*demo_candidates(), *demo_students()):
        facts = (card.id, card.role, card.architecture, card.family, f"{card.parameters:,}", f"{card.accuracy:.3f}")
        table.add_row(*facts)
    Console().print(table)


@app.command()
def doctor(
    file: Annotated[Path | None, typer.Argument(help="An audit's TOML file, to try its candidates too.")] = None,
) -> None:
    """Check this machine, the workspace and, given an audit, whether each candidate answers."""
    from core.doctor import diagnose

    if not diagnose(file, Console()):
        raise typer.Exit(3)


@app.command()
def schema() -> None:
    """Print the JSON Schema of results; assets/results.schema.json is its output."""
    from core.results import Results

    print(json_module.dumps(Results.model_json_schema(mode="serialization"), indent=2))


def main() -> None:
    """Run a command; a problem that the user can act on is one message, never a traceback."""
    try:
        app()
    except InputError as error:
        screen.print(f"[bold red]Cannot start:[/] {_plain(error)}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except AuditError as error:
        screen.print(f"[bold red]Stopped:[/] {_plain(error)}", highlight=False, soft_wrap=True)
        sys.exit(3)
    except OSError as error:  # a full disk, a folder that must not be written
        screen.print(
            f"[bold red]Stopped:[/] a file cannot be written or read: {_plain(error)}", highlight=False, soft_wrap=True
        )
        sys.exit(3)


def _plain(error: Exception) -> str:
    from rich.markup import escape

    from core.students.files import printable

    return escape(printable(str(error)))
