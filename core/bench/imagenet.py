"""`python -m core bench imagenet`: audits at ImageNet's scale, as the command line makes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.bench.demo import measured_audit
from core.zoo.cards import ModelCard
from core.zoo.imagenet.audit import audit_file
from core.zoo.imagenet.students import STUDENTS, make_zoo
from core.zoo.imagenet.weights import MOBILENET_ID


def bench_imagenet(folder: Path, students: Sequence[str], console: Console) -> None:
    """Audit MobileNetV2 as published and what was distilled from it, and print a table; truth is read afterwards."""
    make_zoo(folder, [name for name in students if name in STUDENTS], tell=console.print)
    table = Table("student", "true teacher", "ranking, best first", "minutes", "peak MB", "on target", "BatchNorm loss")
    for name in students:
        measured = measured_audit(audit_file(folder, name))
        check = measured.results.check
        table.add_row(
            name,
            _teacher(folder, name),
            ", ".join(f"{one.candidate} {one.score:.3f}" for one in measured.results.ranking),
            f"{measured.seconds / 60:.1f}",
            f"{measured.peak_bytes / 1e6:.0f}",
            f"{check.on_target:.0%}",
            f"{check.batchnorm_loss:.3g}, of white noise {check.batchnorm_loss_noise:.3g}",
        )
    console.print(table)


def _teacher(folder: Path, student: str) -> str:
    if student == MOBILENET_ID:
        return "none"
    card = ModelCard.model_validate_json((folder / "students" / f"{student}.json").read_bytes())
    return card.true_teacher or "none"
