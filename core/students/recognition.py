"""Which architecture is a checkpoint of? By names and shapes of its tensors, against an index of known ones.

Free of torch. What the index holds is found by `core.students.indexing`: the classifiers of torchvision and timm.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.config import InputSpec
from core.processes import ROOT

INDEX = ROOT / "assets" / "architectures.json.xz"
COUNTER = "num_batches_tracked"  # of BatchNorm: training's own, absent in old files, unused in evaluation
LEAST = 0.5  # likeness below which an architecture is no match
LOOKED_AT = 40  # architectures that are compared name by name
SHOWN = 5  # matches

Shapes = Mapping[str, Sequence[int]]
Tensor = TypeVar("Tensor")


@dataclass(frozen=True)
class Match:
    """An architecture that the tensors of a file fit.

    Attributes:
        same: others with the very same tensors, which these do not tell apart.
        matched: tensors that the file and the architecture have in one shape; counters are left out here and below.
        reshaped: those that they have in two: a head of other classes, mostly.
        tensors: that the architecture has.
        likeness: from 0 to 1, where all match.
        prefix: what the file has before its names, like `module.`.
        classes: what the file's head tells apart, where it tells others apart than is usual.
        input: the images that are usual for the architecture, a guess; None where none are.
    """

    architecture: str
    same: tuple[str, ...]
    matched: int
    reshaped: int
    tensors: int
    likeness: float
    prefix: str
    classes: int | None = None
    input: InputSpec | None = None

    def __str__(self) -> str:
        others = f"a head of {self.classes:,} classes" if self.classes else f"{self.reshaped} in another shape"
        return f"{self.matched} of whose {self.tensors} tensors match" + (f", {others}" if self.reshaped else "")


class Index:
    """Known architectures by their tensors.

    Args:
        tensors: all that any has, each as its name and its shape in one text.
        own: of each architecture, the places of its own among `tensors`, rising.
        inputs: the images that are usual for an architecture.
    """

    def __init__(
        self, tensors: Sequence[str], own: Mapping[str, np.ndarray], inputs: Mapping[str, InputSpec] | None = None
    ) -> None:
        self.tensors, self.own, self.inputs = tuple(tensors), dict(own), dict(inputs or {})
        self._place = {tensor: place for place, tensor in enumerate(self.tensors)}
        self._sizes = np.array([len(places) for places in self.own.values()])
        self._all = np.concatenate(list(self.own.values()))
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)[:-1]])

    @classmethod
    def of(cls, architectures: Mapping[str, Shapes], inputs: Mapping[str, InputSpec] | None = None) -> Index:
        """From the shapes of the tensors of each architecture."""
        texts = {name: sorted(_texts(shapes)) for name, shapes in architectures.items()}
        tensors = sorted({text for own in texts.values() for text in own})
        place = {text: number for number, text in enumerate(tensors)}
        return cls(tensors, {name: np.array([place[text] for text in own]) for name, own in texts.items()}, inputs)

    @classmethod
    def read(cls, path: Path = INDEX) -> Index:
        held = json.loads(lzma.decompress(path.read_bytes()))
        own = {name: np.cumsum(steps) for name, steps in held["architectures"].items()}
        return cls(held["tensors"], own, {name: InputSpec(**spec) for name, spec in held["inputs"].items()})

    def write(self, path: Path = INDEX) -> None:
        """Compressed: of each list of places, the steps between them."""
        steps = {name: np.diff(places, prepend=0).tolist() for name, places in self.own.items()}
        inputs = {name: spec.model_dump() for name, spec in self.inputs.items()}
        held = {"tensors": self.tensors, "architectures": steps, "inputs": inputs}
        text = json.dumps(held, separators=(",", ":"))
        path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))

    def matches(self, shapes: Shapes) -> tuple[Match, ...]:
        """The architectures that tensors of these shapes are like, best first."""
        found = [match for prefix, own in without_prefixes(shapes) for match in self._like(prefix, _texts(own))]
        found.sort(key=lambda match: (-match.likeness, len(match.prefix)))
        best: dict[str, Match] = {}
        for match in found:
            best.setdefault(match.architecture, match)
        return tuple(best.values())[:SHOWN]

    def _like(self, prefix: str, texts: set[str]) -> list[Match]:
        held = np.zeros(len(self.tensors), dtype=bool)
        held[[self._place[text] for text in texts if text in self._place]] = True
        shared = np.add.reduceat(held[self._all], self._starts)
        overlap = shared / (self._sizes + len(texts) - shared)  # Jaccard's
        names = list(self.own)
        groups: dict[bytes, list[str]] = {}
        for number in np.argsort(-overlap, kind="stable")[:LOOKED_AT]:
            if shared[number]:
                groups.setdefault(self.own[names[number]].tobytes(), []).append(names[number])
        matches = [self._match(prefix, texts, sorted(group, key=_plainness)) for group in groups.values()]
        return [match for match in matches if match.likeness >= LEAST]

    def _match(self, prefix: str, texts: set[str], group: Sequence[str]) -> Match:
        theirs = {self.tensors[place] for place in self.own[group[0]]}
        matched = texts & theirs
        own, usual = _by_name(texts - matched), _by_name(theirs - matched)
        reshaped = own.keys() & usual.keys()
        union = len(texts) + len(theirs) - len(matched) - len(reshaped)
        return Match(
            architecture=group[0],
            same=tuple(group[1:]),
            matched=len(matched),
            reshaped=len(reshaped),
            tensors=len(theirs),
            likeness=(len(matched) + len(reshaped) / 2) / union,
            prefix=prefix,
            classes=_classes([own[name] for name in reshaped], [usual[name] for name in reshaped]),
            input=next((self.inputs[name] for name in group if name in self.inputs), None),
        )


def recognise(shapes: Shapes) -> tuple[Match, ...]:
    """The known architectures that tensors of these shapes, by name, are like, best first.

    The index is read anew each time: that takes a quarter of a second, and to keep it some 60 MB.
    """
    return Index.read().matches(shapes)


def _texts(shapes: Shapes) -> set[str]:
    return {f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items() if not name.endswith(COUNTER)}


def _by_name(texts: set[str]) -> dict[str, list[int]]:
    """The shapes of tensors, by name."""
    parts = (text.rpartition(" ") for text in texts)
    return {name: [int(size) for size in shape.split("x") if size] for name, _, shape in parts}


def _classes(own: Sequence[Sequence[int]], usual: Sequence[Sequence[int]]) -> int | None:
    """What a head of these shapes tells apart, if they are a head's: all unlike the usual in their first size alone."""
    heads = {shape[0] for shape in own if shape}
    alike = all(one and other and one[1:] == other[1:] for one, other in zip(own, usual, strict=True))
    return heads.pop() if len(heads) == 1 and alike else None


def without_prefixes(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """What a wrapper put before names: the tensors as they are, and so often as most begin with one word, without it.

    >>> [prefix for prefix, _ in without_prefixes({"module.fc.weight": 1, "module.fc.bias": 2})]
    ['', 'module.', 'module.fc.']
    """
    prefix = ""
    while True:
        yield prefix, tensors
        words = Counter(name.partition(".")[0] for name in tensors if "." in name)
        word, times = words.most_common(1)[0] if words else ("", 0)
        if times <= len(tensors) / 2:
            return
        bare = {name.removeprefix(f"{word}."): tensor for name, tensor in tensors.items()}
        if len(bare) < len(tensors):  # two would have one name
            return
        prefix, tensors = f"{prefix}{word}.", bare


def _plainness(architecture: str) -> tuple[int, str]:
    """The shortest name is that of the usual one."""
    return len(architecture.partition(":")[2]), architecture
