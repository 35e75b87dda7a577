"""The verdict of an audit that has nothing to compare its ranking with: who is first, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.results import RankedCandidate, Verdict
from core.scoring.table import SCORES

STRONGER = (
    "Compare with independent models of the student's own architecture: how high does the first candidate "
    "of a model score that was distilled from nobody?",
    "Add candidates of other families: a ranking can only name someone who is on the list.",
    "Repeat with another seed and a higher effort, and see whether the first place stays.",
)


def ranking_only(
    ranking: Sequence[RankedCandidate],
    score: str,
    baselines: Mapping[str, Sequence[RankedCandidate]],
    notes: str = "",
    caution: str = "",
) -> Verdict:
    """Words for a ranking without controls.

    Args:
        ranking: best first, at least one.
        score: the name of the score it is by.
        baselines: rankings by the same score on images that were not synthesised.
        notes: more that the reader must know, whole sentences.
        caution: why a ranking of this student carries less far than others, whole sentences.
    """
    first = ranking[0].candidate
    if len(ranking) == 1:
        sentence = f"{first} was the only candidate, so there is no ranking and no evidence for or against it."
    else:
        sentence = (
            f"{first} answers most like the student of the {len(ranking)} candidates. "
            "That is a ranking, not yet evidence that the student was distilled from it."
        )
    why = [
        "Some candidate always comes first, also for a student that was distilled from nobody; such students "
        "tend to pick a candidate of their own architecture family."
    ]
    if len(ranking) > 1:
        why.append(_lead(ranking, score))
    if baselines:
        why.append(_baselines(first, baselines))
    if notes:
        why.append(notes)
    return Verdict(
        kind="ranking_only",
        candidates=(first,),
        sentence=sentence,
        why=" ".join(why),
        stronger=STRONGER,
        caution=caution,
    )


def _lead(ranking: Sequence[RankedCandidate], score: str) -> str:
    """How far ahead the first is, by whether the two intervals overlap."""
    one, two = ranking[:2]
    label = SCORES[score].label
    values = f"{label} {one.score:.3g} against {two.score:.3g} for {two.candidate}"
    if one.interval is None or two.interval is None:
        return f"The lead is {values}; this score has no interval over probes."
    apart = one.interval[0] > two.interval[1] if SCORES[score].higher_is_better else one.interval[1] < two.interval[0]
    clear = "is clear" if apart else "is not clear: the two intervals overlap"
    return f"Its lead {clear} ({values})."


def _baselines(first: str, baselines: Mapping[str, Sequence[RankedCandidate]]) -> str:
    """What images that nobody optimised say."""
    words = {"white_noise": "white noise puts", "pyramids": "structured random images put"}
    said = [f"{words[name]} {ranking[0].candidate} first" for name, ranking in baselines.items()]
    same = all(ranking[0].candidate == first for ranking in baselines.values())
    return f"For comparison, {' and '.join(said)}{', too' if same else ''}."
