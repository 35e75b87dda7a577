"""What phases, sets of probes and protocols are called wherever people read of them: pages, reports, terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.candidates import Protocol
from core.config import SYNTHESISED
from core.events import Phase
from core.quantities import share
from core.results import Shortfall
from core.synthesis.settings import Rule

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
    SYNTHESISED: "Images made to ask this student about; the ranking rests on them.",
    "white_noise": "Every pixel drawn at random: the least that synthesis has to beat.",
    "pyramids": "Random blobs at several sizes, made without the student: the baseline that is hard to beat.",
}


@dataclass(frozen=True)
class Choice:
    """What a choice is called, and what it does."""

    label: str
    help: str


METHODS: dict[str, Choice] = {
    "generator": Choice("Generator", "A small network learns to draw what the student takes for its classes."),
    "paper_generator": Choice("Generator of the paper", "As published, to compare with: slower, and less apt."),
    "inversion": Choice("Inversion", "Images are changed until the student's layers respond as to its training data."),
    "pyramids": Choice("Structured random images", "Random blobs of all sizes; nothing is optimised."),
    "power_noise": Choice("Cloud noise", "Random images with the spectrum of photographs; nothing is optimised."),
    "shapes": Choice("Random shapes", "Polygons, ellipses and strokes with textures; nothing is optimised."),
    "white_noise": Choice("White noise", "Every pixel at random; nothing is optimised."),
    "folder": Choice("Own images", "The images of a folder."),
    "mix": Choice("Mix", "Several methods, each with its share of the probes."),
}
RULES: dict[Rule, Choice] = {
    "none": Choice("As they come", "All that are made are used."),
    "best_first": Choice("Best first", "The best single image, then the others as they come."),
    "dark_knowledge": Choice("Most telling", "Images of which the student says most beyond its first class."),
    "confident_stable": Choice("Sure and stable", "Images of which the student is sure, also when they move a little."),
    "balanced": Choice("Classes in turn", "The best image of each class that the student sees, then the second best."),
    "spread": Choice("Far apart", "Each image the one whose answer differs most from all before it."),
    "log_det": Choice("Widely spread", "Images whose answers span the largest volume together."),
}


PROTOCOLS: dict[Protocol, Choice] = {
    "open_inference": Choice("Open Inference (KServe, MLServer)", "Version 2 of the protocol, in JSON."),
    "triton": Choice("Triton", "Open Inference with Triton's extensions: pixels as bytes, classification."),
    "tf_serving": Choice("TensorFlow Serving", "Its REST API, predict and classify."),
    "torchserve": Choice("TorchServe", "Its inference API: an image file a request."),
    "hugging_face": Choice("Hugging Face", "Image classification, by the router or by an endpoint of one's own."),
    "generic": Choice("Other HTTP service", "LitServe, BentoML, FastAPI: you say how it is asked."),
    "local": Choice("Weights on this machine", "A checkpoint, read like a student's and asked here."),
}


def cut_short(shortfalls: Sequence[Shortfall]) -> str:
    """That a budget ended the asking, and where, as a clause; "" where none did."""
    parts = (f"{one.asked:,} of {one.planned:,} ({PROBE_SETS[one.probe_set].lower()})" for one in shortfalls)
    return f"the budget did not pay for all probes: only {', '.join(parts)} were asked" if shortfalls else ""


def target_words(weights: np.ndarray, class_names: Sequence[str], *, shares: bool) -> str:
    """What a probe with class weights `(K,)` was made to show: `Bag`, or `Coat 60 % + Bag 40 %`, or `Coat + Bag`.

    A share of 5 % or less is nothing that anyone could see; "" where there is no target.
    """
    wanted = [int(index) for index in np.argsort(-weights, kind="stable") if weights[index] > 0.05]
    if not shares or len(wanted) == 1:
        return " + ".join(class_names[index] for index in wanted)
    return " + ".join(f"{class_names[index]} {share(float(weights[index]))}" for index in wanted)
