"""Where names stand beside the points of a chart, so that each can be read and none covers another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LETTER, LINE = 6.6, 16.0  # pixels that a name takes: a letter's width on average, and its height
POINT = 9.0  # pixels around a point that names keep free
REACH = 12  # lines that a name may stand above or below its point


@dataclass(frozen=True)
class Box:
    """Pixels from the left and the top."""

    left: float
    top: float
    width: float
    height: float = LINE

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


def boxes(points: Sequence[tuple[float, float]], names: Sequence[str], width: float, height: float) -> list[Box]:
    """A box for each name, as near to its point as those before it and all points allow, within the chart.

    Where there is no room anywhere near, a name stands right of its point all the same.

    Args:
        points: pixels from the left and the top of a chart of this width and height.
    """
    taken = [Box(x - POINT, y - POINT, 2 * POINT, 2 * POINT) for x, y in points]
    found: list[Box] = []
    for (x, y), name in zip(points, names, strict=True):
        tried = list(_around(x, y, LETTER * len(name)))
        free = (
            box
            for box in tried
            if 0 <= box.left <= width - box.width
            and 0 <= box.top <= height - LINE
            and not any(box.overlaps(other) for other in taken)
        )
        found.append(next(free, tried[0]))
        taken.append(found[-1])
    return found


def _around(x: float, y: float, width: float) -> Iterator[Box]:
    """Right of a point, left of it, above and below, then farther away."""
    for line in range(REACH):
        for way in (-1, 1) if line else (0,):
            top = y + way * line * LINE - LINE / 2
            for left in (x + POINT, x - POINT - width, x - width / 2):
                yield Box(left, top, width)
