"""`python -m core students ...`. Free of torch until a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

students = typer.Typer(no_args_is_help=True, help="Which architecture a checkpoint is of.")
screen = Console(stderr=True)


@students.command("recognise")
def recognise_file(file: Annotated[Path, typer.Argument(help="A checkpoint.")]) -> None:
    """Print the architectures that a checkpoint's tensors fit, best first."""
    from core.students.inspection import look_closer

    look = look_closer(file)
    if look.config.architecture:
        print(f"{look.config.architecture}, as the file says")
    elif not look.matches:
        print("none that is known")
    for match in look.matches:
        print(f"{match.architecture}, {match}", *match.same, sep="\n  the same: ")


@students.command("index")
def write_index() -> None:
    """Make the index anew, as needed after another version of torchvision or timm (about three minutes)."""
    from core.students.indexing import make_index
    from core.students.recognition import INDEX

    index, failed = make_index()
    index.write()
    screen.print(f"{len(index.own)} architectures, {INDEX.stat().st_size / 2**20:.2f} MB; not built: {len(failed)}")
    for name in failed:
        screen.print(f"  {name}")


@students.command("try")
def try_index(
    number: Annotated[int, typer.Option(help="Architectures drawn at random.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
) -> None:
    """Recognise architectures with another head and in a wrapper; print how many are named right, and the others."""
    from core.students.indexing import summary, trials

    tried = list(trials(number, seed))
    for trial in tried:
        if not trial.right:
            print(f"{trial.architecture} was taken for {trial.named}")
    print(summary(tried))
