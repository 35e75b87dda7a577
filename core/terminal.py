"""What an audit looks like in a terminal: a progress bar while it runs, a table when it is done."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from core import words
from core.events import PHASES, Answered, Connected, Event, Lost, PhaseStarted, Ranked, SynthesisStep
from core.quantities import between, number
from core.results import Results
from core.runs.folder import RunFolder
from core.scoring.base import Score
from core.scoring.table import REPORTED, SCORES


class Progress:
    """An `OnEvent` that draws one bar a phase."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bars = Bars(*columns, TextColumn("[dim]{task.fields[note]}"), console=console)
        self._task = self._bars.add_task("Wait for its turn", total=None, note="")

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if raised == (None, None, None):
            self._bars.update(self._task, total=1, completed=1)
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case PhaseStarted(phase=phase):
                if phase != PHASES[0]:
                    self._bars.update(self._task, total=1, completed=1)
                    self._task = self._bars.add_task("", total=None, note="")
                self._bars.update(self._task, description=words.PHASES[phase])
            case Connected(candidate=candidate, latency=latency):
                self._note(f"{candidate}, {latency * 1000:.0f} ms")
            case Lost(message=message):
                self._bars.console.print(f"[yellow]{escape(message)}[/] The audit goes on without it.", highlight=False)
            case SynthesisStep(step=step, steps=steps, losses=losses):
                self._bars.update(self._task, completed=step, total=steps)
                self._note(f"loss {losses['total']:.3g}")
            case Answered(done=done, total=total, sent=sent, cached=cached):
                self._bars.update(self._task, completed=done, total=total)
                self._note(f"{sent} sent, {cached} known already")
            case Ranked(ranking=ranking, probe_set=probe_set):
                self._note(f"{probe_set}: {ranking[0].candidate} first")

    def _note(self, text: str) -> None:
        self._bars.update(self._task, note=escape(text))


def print_results(results: Results, folder: RunFolder, console: Console) -> None:
    """The ranking, whom the other scores put first, and the verdict."""
    chosen = SCORES[results.score]
    table = Table(title=escape(results.name), title_justify="left")
    table.add_column("candidate")
    table.add_column(chosen.label + ("" if chosen.higher_is_better else " (lower is better)"), justify="right")
    table.add_column("95 % of redraws of the probes")
    for entry in results.ranking:
        low, high = entry.interval or (None, None)
        table.add_row(escape(entry.candidate), number(entry.score), between(low, high))
    console.print(table)
    others = ", ".join(
        f"{score.label}: {escape(_first_by(results, score))}"
        for score in REPORTED.values()
        if score is not chosen and score.name in results.ranking[0].scores
    )
    console.print(f"First by the other scores: {others}.", highlight=False)
    console.print(f"\n[bold]{escape(results.verdict.sentence)}[/]", highlight=False)
    if results.verdict.caution:
        console.print(f"[yellow]Weaker evidence:[/] {escape(results.verdict.caution)}", highlight=False)
    console.print(escape(results.verdict.why), highlight=False)
    console.print(f"Run {folder.run} is in the app's history.", style="dim", highlight=False)


def _first_by(results: Results, score: Score) -> str:
    values = np.array([entry.scores[score.name].value for entry in results.ranking])
    return results.ranking[score.order(values)[0]].candidate
