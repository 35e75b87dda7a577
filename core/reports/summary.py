"""The findings as labelled facts, the same on the results page and in the report. Plain text throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.candidates import CandidateConfig
from core.config import SYNTHESISED
from core.quantities import duration, number, share
from core.results import ProbeCheck, RankedCandidate, Results, VerdictKind
from core.scoring.table import REPORTED, SCORES
from core.students.files import display_name
from core.synthesis.settings import MethodConfig, MixConfig
from core.words import METHODS, PHASES, PROBE_SETS, RULES

VERDICTS: dict[VerdictKind, str] = {
    "distilled_from": "Distilled from",
    "one_of": "One of several",
    "no_evidence": "No evidence",
    "inconclusive": "Inconclusive",
    "ranking_only": "Ranking only",
}

WEAKER = "Weaker evidence"  # the mark of a verdict with a caution
BATCHNORM_HELP = "They remember what the training images were like, which makes probes better."
LIMITS = (
    "Someone is always first. A student that was distilled from nobody has a first place too, often the candidate "
    "whose architecture is most like its own.",
    "The intervals tell how far a score depends on the probes that were drawn. They say nothing about how likely "
    "it is that the candidate in first place is the teacher.",
    "Models trained on the same data answer alike without any distillation.",
    "A student trained on a teacher's hard labels alone leaves little for this method to find.",
)


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    help: str = ""


@dataclass(frozen=True)
class SetView:
    """How one set of probes ranks the candidates, beside the synthesised one."""

    name: str
    label: str
    ranking: tuple[RankedCandidate, ...]
    same_first: bool | None  # as the synthesised probes; None for these themselves
    lead: float | None  # of the first over the second, in units of the score

    @property
    def first(self) -> str:
        return self.ranking[0].candidate


def score_label(name: str) -> str:
    return SCORES[name].label if name in SCORES else name


def score_help(name: str) -> str:
    """What a score means, its range and which end is good."""
    if name not in SCORES:
        return "A score of another version of this program."
    score = SCORES[name]
    end = "Higher is more alike." if score.higher_is_better else "Lower is more alike."
    return f"{score.explanation} Range: {score.range}. {end}".replace("-1", "−1")


def higher_is_better(name: str) -> bool:
    return name not in SCORES or SCORES[name].higher_is_better


def shown_scores(results: Results) -> tuple[str, ...]:
    """Names of the scores that any candidate has, the chosen one first, then as an audit lists them."""
    present = {name for entry in results.ranking for name in entry.scores}
    known = [name for name in REPORTED if name in present]
    others = sorted(present - set(known))
    return (results.score, *(name for name in [*known, *others] if name != results.score))


def best_by(results: Results, score: str) -> str | None:
    """The candidate that `score` puts first, None where no candidate has it."""
    having = [(entry.scores[score].value, entry.candidate) for entry in results.ranking if score in entry.scores]
    if not having:
        return None
    pick = max if higher_is_better(score) else min
    return pick(having, key=lambda found: found[0])[1]


def set_views(results: Results) -> tuple[SetView, ...]:
    """The synthesised probes, then each baseline."""
    first = results.ranking[0].candidate
    views = [SetView(SYNTHESISED, PROBE_SETS[SYNTHESISED], results.ranking, None, _lead(results.ranking))]
    for baseline in results.baselines:
        if baseline.ranking:
            label = PROBE_SETS.get(baseline.probe_set, baseline.probe_set)
            same = baseline.ranking[0].candidate == first
            views.append(SetView(baseline.probe_set, label, baseline.ranking, same, _lead(baseline.ranking)))
    return tuple(views)


def baseline_sentence(views: tuple[SetView, ...]) -> str:
    """What the baselines say of the synthesis, in words."""
    own, *baselines = views
    if not baselines:
        return "No baseline was asked, so nothing shows what the synthesis added."
    same = [view.label for view in baselines if view.same_first]
    others = " and ".join(f"{_put([view.label])} {view.first} first" for view in baselines if not view.same_first)
    if not same:
        return f"{_opening(others)}. So {own.first} is first on the synthesised probes only."
    agreement = f"{_opening(_put(same))} {own.first} first as well"
    if others:
        return f"{agreement}, but {others}."
    return f"{agreement}, so the first place does not depend on the synthesis here. Compare how far ahead it is."


def check_facts(check: ProbeCheck, num_classes: int) -> tuple[Fact, ...]:
    """What the student alone says of its probes."""
    low, middle, high = check.entropy
    facts = []
    if check.on_target is not None:
        facts.append(
            Fact(
                "On target",
                share(check.on_target),
                "Share of probes made for a class that the student itself puts into it.",
            )
        )
    if check.batchnorm_loss is not None:
        noise = "" if check.batchnorm_loss_noise is None else f" (white noise: {number(check.batchnorm_loss_noise)})"
        facts.append(
            Fact(
                "BatchNorm distance",
                number(check.batchnorm_loss) + noise,
                "How far the probes are from the traces of training data in the student's BatchNorm layers. "
                "It should be well below that of white noise.",
            )
        )
    facts += [
        Fact("Duplicates", str(check.duplicates), "Probes that repeat another one pixel by pixel."),
        Fact(
            "Entropy of answers",
            f"{number(low)} to {number(high)} nats (median {number(middle)})",
            "How undecided the student is: 0 for certainty, "
            f"{number(math.log(num_classes))} for all classes alike. 5 % and 95 % quantile. A wide range is good.",
        ),
    ]
    return tuple(facts)


def cost_facts(results: Results) -> tuple[Fact, ...]:
    """Queries and time."""
    queries = results.queries
    phases = [Fact(PHASES.get(phase, phase), duration(seconds)) for phase, seconds in results.seconds.items()]
    return (
        Fact(
            "Queries sent", f"{queries.sent:,}", "Images that went over the network, repeated ones counted each time."
        ),
        Fact(
            "Answers known already",
            f"{queries.cached:,}",
            "Taken from earlier runs on this computer; they cost nothing.",
        ),
        Fact("Total time", duration(sum(results.seconds.values()))),
        *phases,
    )


def student_facts(results: Results) -> tuple[Fact, ...]:
    student = results.student
    return (
        Fact("Student", student.name),
        Fact("Architecture", student.architecture),
        Fact("Parameters", f"{student.parameters:,}"),
        Fact("BatchNorm layers", student.batchnorm, BATCHNORM_HELP),
        Fact("Classes", f"{student.num_classes:,}"),
    )


def settings_facts(results: Results) -> tuple[Fact, ...]:
    """Everything needed to repeat the audit."""
    config = results.settings
    asked = score_label(config.score)
    used = score_label(results.score)
    return (
        Fact("Effort", config.effort),
        Fact("Probes in a set", f"{config.num_probes:,}"),
        Fact("Sets of probes", ", ".join(PROBE_SETS.get(name, name).lower() for name in config.probe_sets)),
        Fact("Score that ranks", used if used == asked else f"{used} (asked for: {asked})"),
        Fact("Bootstrap resamples", f"{config.bootstrap:,}"),
        *_synthesis_facts(config.synthesis_of(SYNTHESISED)),
        Fact("Queries despite a failed check", "yes" if config.ask_anyway else "no"),
        Fact("Seed", str(config.seed)),
        Fact("Device", results.device),
    )


def candidate_facts(results: Results) -> tuple[Fact, ...]:
    """Where each candidate was asked."""
    if results.settings.serve:
        return tuple(Fact(name, "demo model, served by the run itself") for name in results.queries.by_candidate)
    return tuple(Fact(c.name, _where(c)) for c in results.settings.candidates)


def _where(candidate: CandidateConfig) -> str:
    if candidate.is_remote:
        return f"{candidate.model} at {candidate.url}" if candidate.model else candidate.url
    return f"{display_name(candidate.checkpoint)}, on this machine"


def _synthesis_facts(config: MethodConfig) -> tuple[Fact, ...]:
    """Every setting of the method by its own name, so that none is forgotten; parts of a mix in turn."""
    facts = [Fact("Synthesis", METHODS[config.method].label)]
    if config.selection.rule != "none":
        rule, pool = RULES[config.selection.rule].label.lower(), config.pool_factor
        facts.append(Fact("Selection", f"{rule}, of {pool} times as many" if pool > 1 else f"{rule}, all of them"))
    for name in type(config).model_fields:
        if name not in ("method", "selection", "parts"):
            facts.append(Fact(_setting(name), _shown(getattr(config, name))))
    if isinstance(config, MixConfig):
        for part in config.parts:
            facts += [Fact("Share", f"{part.share:g}"), *_synthesis_facts(part.synthesis)]
    return tuple(facts)


def _setting(name: str) -> str:
    """The name of a setting as people write it."""
    return name.replace("_", " ").capitalize().replace("Batchnorm", "BatchNorm")


def _shown(value: object) -> str:
    return f"{value:,g}" if isinstance(value, (int, float)) else str(value)


def _put(labels: Sequence[str]) -> str:
    """`white noise puts`, `structured random images put`."""
    several = len(labels) > 1 or labels[0].endswith("s")
    return f"{' and '.join(label.lower() for label in labels)} put{'' if several else 's'}"


def _opening(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lead(ranking: tuple[RankedCandidate, ...]) -> float | None:
    return abs(ranking[0].score - ranking[1].score) if len(ranking) > 1 else None
