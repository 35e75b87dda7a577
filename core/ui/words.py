"""The words that only pages use: states, efforts, a glossary. Phases and probe sets are in `core.words`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.config import EFFORTS, Effort
from core.results import Results
from core.runs.records import ShownStatus

Colour = Literal["blue", "gray", "green", "orange", "red", "violet"]


@dataclass(frozen=True)
class StatusWords:
    """How a run's state is shown."""

    label: str
    icon: str
    colour: Colour
    help: str


STATUSES: dict[ShownStatus, StatusWords] = {
    "queued": StatusWords("Queued", ":material/hourglass_empty:", "gray", "It waits for the audit before it to end."),
    "running": StatusWords("Running", ":material/progress_activity:", "blue", "A worker is at it."),
    "done": StatusWords("Done", ":material/check_circle:", "green", "Its results are complete."),
    "failed": StatusWords("Failed", ":material/error:", "red", "It stopped at a problem; open it to read which."),
    "cancelled": StatusWords("Cancelled", ":material/cancel:", "orange", "You stopped it; it can be resumed."),
    "interrupted": StatusWords(
        "Interrupted", ":material/power_off:", "orange", "Its worker is gone; resuming repeats no answered query."
    ),
}
IN_PART = StatusWords(
    "Done, in part", ":material/pending:", "orange", "Not everything was asked; open it to read what is missing."
)


def status_words(status: ShownStatus, results: Results | None) -> StatusWords:
    """How a run's state is shown; one that ended without all answers is not simply done."""
    return IN_PART if status == "done" and results is not None and not results.complete else STATUSES[status]


EFFORT_LABELS: dict[Effort, str] = {"quick": "Quick", "standard": "Standard", "thorough": "Thorough"}
EFFORT_HELP = "How hard to look. More effort also optimises longer. " + " ".join(
    f"{EFFORT_LABELS[effort]}: {plan.probes} probes." for effort, plan in EFFORTS.items()
)

GLOSSARY: dict[str, str] = {
    "Student": "The model under suspicion. You hold its checkpoint: weights, gradients, everything.",
    "Candidate": "A model that the student may have been distilled from. You can only send it images and read answers.",
    "Teacher": "The model behind a candidate's API, whoever it turns out to be.",
    "Distillation": "Training a student to copy a teacher's answers instead of, or beside, learning from labels.",
    "Probe": "An image made to ask a question with. Probes come out of the student; no training data is needed.",
    "Baseline": "Probes made without the student, asked for comparison. If they rank as well, synthesis added nothing.",
    "Budget": "How many images an audit may send, to one candidate or to all. It stops there and can be continued.",
    "Label": "An answer that is the name of a class and nothing more.",
    "Query": "One probe sent to one candidate over the network. This is what an API may charge for.",
    "Answer": "What comes back: a number for every class, for the strongest ones, or a label alone.",
    "Logits": "A model's raw numbers for the classes, before softmax turns them into probabilities.",
    "Score": "How alike the student's and a candidate's answers are, over all probes. Several are computed; one ranks.",
    "Interval": "Where a score would lie in 95 % of redraws of the probes. It knows nothing of other sources of doubt.",
    "Ranking": "The candidates in the order of their score. Someone is always first, teacher or not.",
    "Verdict": "What the ranking and the evidence around it allow to be said, in one sentence.",
    "Control": "A model known to be independent, sent through the same audit to see what chance alone would show.",
    "BatchNorm": "A layer that keeps the mean and spread of its training data. Synthesis aims at these traces.",
    "Audit": "The whole procedure for one student and its candidates, with its settings.",
    "Run": "One audit being carried out, or its record on disk.",
}
