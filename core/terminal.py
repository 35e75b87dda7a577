"""What an audit looks like in a terminal: a progress bar while it runs, a table when it is done."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from core.events import PHASES, Answered, Connected, Event, PhaseStarted, Ranked, SynthesisStep
from core.results import RankedCandidate, Results
from core.runs.folder import RunFolder
from core.scoring.table import SCORES

WORDS = {
    "load": "loading the student",
    "connect": "connecting to the candidates",
    "synthesise": "synthesising probes",
    "check": "checking the probes",
    "ask": "asking the candidates",
    "score": "scoring",
}


class Progress:
    """An `OnEvent` that draws one bar a phase."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bars = Bars(*columns, TextColumn("[dim]{task.fields[note]}"), console=console)
        self._task = self._bars.add_task("waiting for its turn", total=None, note="")

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._bars.update(self._task, total=1, completed=1)
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case PhaseStarted(phase=phase):
                if phase != PHASES[0]:
                    self._bars.update(self._task, total=1, completed=1)
                    self._task = self._bars.add_task("", total=None, note="")
                self._bars.update(self._task, description=WORDS[phase])
            case Connected(candidate=candidate, latency=latency):
                self._note(f"{candidate}, {latency * 1000:.0f} ms")
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
    """The verdict and the table of scores."""
    table = Table(title=f"{results.name}: ranked by {SCORES[results.score].label}", title_justify="left")
    table.add_column("candidate")
    for score in SCORES.values():
        table.add_column(score.label + ("" if score.higher_is_better else " (lower is better)"), justify="right")
    for candidate in results.ranking:
        table.add_row(escape(candidate.candidate), *(_cell(candidate, name) for name in SCORES))
    console.print(table)
    console.print(f"[bold]{escape(results.verdict.sentence)}[/]", highlight=False)
    console.print(escape(results.verdict.why), highlight=False)
    console.print(f"Run {folder.run} is in the app's history.", style="dim", highlight=False)


def _cell(candidate: RankedCandidate, score: str) -> str:
    estimate = candidate.scores[score]
    interval = "" if estimate.low is None else f" [dim]{estimate.low:.3g} to {estimate.high:.3g}[/]"
    return f"{estimate.value:.3g}{interval}"
