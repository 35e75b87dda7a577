"""Names of classes as training scripts keep them beside the weights. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LISTED = ("class_names", "classes", "label_names")  # in the order of the outputs
NUMBERED = ("class_to_idx", "idx_to_class", "label2id", "id2label")  # with their numbers, either way round


def class_names_in(entries: Mapping[str, object]) -> tuple[str, ...] | None:
    """The names of the classes, in the order of the outputs; None where `entries` hold none that are whole.

    >>> class_names_in({"epoch": 9, "class_to_idx": {"dog": 1, "cat": 0}})
    ('cat', 'dog')
    >>> class_names_in({"id2label": {"0": "cat", "1": "dog"}})
    ('cat', 'dog')
    """
    found = [_listed(entries.get(key)) for key in LISTED] + [_numbered(entries.get(key)) for key in NUMBERED]
    return next((names for names in found if names), None)


def _listed(entry: object) -> tuple[str, ...] | None:
    if not isinstance(entry, Sequence) or isinstance(entry, str | bytes):
        return None
    return tuple(entry) if all(isinstance(name, str) for name in entry) else None


def _numbered(entry: object) -> tuple[str, ...] | None:
    if not isinstance(entry, Mapping):
        return None
    for numbers, names in ((entry.keys(), entry.values()), (entry.values(), entry.keys())):
        if all(type(number) is int or (isinstance(number, str) and number.isdecimal()) for number in numbers):
            by_number = dict(zip(map(int, numbers), names, strict=True))
            if sorted(by_number) == list(range(len(entry))):
                return _listed([by_number[number] for number in range(len(entry))])
    return None
