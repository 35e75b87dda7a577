"""What phases and sets of probes are called wherever people read of them: pages, reports, terminal."""

from __future__ import annotations

from core.config import SYNTHESISED
from core.events import Phase

PHASES: dict[Phase, str] = {
    "load": "Load the student",
    "connect": "Connect to the candidates",
    "synthesise": "Synthesise probes",
    "check": "Check the probes",
    "ask": "Ask the candidates",
    "score": "Score and rank",
}

PROBE_SETS: dict[str, str] = {
    SYNTHESISED: "Synthesised probes",
    "white_noise": "White noise",
    "pyramids": "Structured random images",
}
PROBE_SET_HELP: dict[str, str] = {
    SYNTHESISED: "Images drawn out of the student by optimisation; the ranking rests on them.",
    "white_noise": "Every pixel drawn at random: the least that synthesis has to beat.",
    "pyramids": "Random blobs at several sizes, made without the student: the baseline that is hard to beat.",
}
