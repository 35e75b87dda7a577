"""The answers to two test images, which hold for an hour: an audit that goes on or is repeated asks none again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.candidates import CandidateConfig
from core.teachers.cache import AnswerCache
from core.teachers.told import Told

HOLDS = 3600.0  # seconds; after that the model behind an address may be another one
_LIMITS = {  # fields of a candidate that its answers do not depend on
    "name", "key_env", "key_header", "ca_file", "max_batch", "max_concurrency", "requests_per_minute", "timeout",
    "budget", "price",
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What a candidate said of the test images.

    Attributes:
        told: an answer an image.
        served: the model's version as its answers name it; None where they do not.
        latency: seconds a call.
    """

    told: Sequence[Told]
    served: str | None
    latency: float


class Trials:
    """One candidate's trials in the cache of answers; `key` is whatever they depend on.

    Args:
        asked_as: by whom and in which circumstances it is asked; others' trials are none of its.
    """

    def __init__(self, cache: AnswerCache, asked_as: str) -> None:
        self._cache, self._asked_as = cache, asked_as

    def recall(self, key: str, *, within: float = HOLDS) -> Trial | None:
        """What was remembered within the last hour, or so many seconds."""
        text = self._cache.noted(f"{key}|{self._asked_as}", within=within)
        if text is None:
            return None
        found = json.loads(text)
        told = [np.array(one) if isinstance(one, list) else one for one in found["told"]]
        return Trial(told, found["served"], found["latency"])

    def remember(self, key: str, trial: Trial) -> None:
        told = [one.tolist() if isinstance(one, np.ndarray) else one for one in trial.told]
        text = json.dumps({"told": told, "served": trial.served, "latency": trial.latency})
        self._cache.note(f"{key}|{self._asked_as}", text)


def trial_key(candidate: CandidateConfig, identity: str | None, *circumstances: object) -> str:
    """SHA-256 over what is asked of whom; `identity` as in `core.teachers.base.Terms`."""
    asked = identity or candidate.model_dump_json(exclude=_LIMITS)
    return "trial|" + hashlib.sha256(repr((asked, circumstances)).encode(errors="surrogatepass")).hexdigest()
