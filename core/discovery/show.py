"""`python -m core discover`: what can be asked at an address, as a table or as the candidates of an audit's file."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.config import candidates_to_toml
from core.discovery.discover import Finding
from core.students.files import printable
from core.words import PROTOCOLS


def print_table(findings: Sequence[Finding], console: Console) -> None:
    """One line a finding, and what is to be known of each."""
    table = Table("candidate", "protocol", "model", "images")
    for finding in findings:
        candidate = finding.candidate
        shape = " x ".join(map(str, finding.input_shape)) if finding.input_shape else "any"
        facts = (candidate.name, PROTOCOLS[candidate.protocol].label, candidate.model or "", shape)
        table.add_row(*(escape(printable(fact)) for fact in facts))
    console.print(table)
    for finding in findings:
        name, note = escape(printable(finding.candidate.name)), escape(printable(finding.note))
        console.print(f"[bold]{name}[/]: {note}", highlight=False, soft_wrap=True)


def as_toml(findings: Sequence[Finding]) -> str:
    """`[[candidates]]` tables, with the notes as comments before them."""
    notes = [f"# {printable(f'{finding.candidate.name}: {finding.note}')}\n" for finding in findings]
    return "".join([*notes, "\n", candidates_to_toml(tuple(finding.candidate for finding in findings))])
