"""Names beside points: each near its own, none over another or over a point."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from core.ui.benchmark.labels import LINE, POINT, Box, boxes

WIDTH, HEIGHT = 640.0, 420.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Box(0, 0, 10, 10), Box(5, 5, 10, 10), True),
        (Box(0, 0, 10, 10), Box(2, 2, 1, 1), True),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), False),
        (Box(0, 0, 10, 10), Box(0, 11, 10, 10), False),
    ],
)
def test_boxes_overlap(one: Box, other: Box, expected: bool) -> None:
    assert one.overlaps(other) is expected and other.overlaps(one) is expected


@pytest.mark.parametrize(("x", "left"), [(100.0, 100 + POINT), (600.0, 600 - POINT - 6.6 * 10)])
def test_a_name_stands_right_of_its_point_or_left_of_it_at_the_edge(x: float, left: float) -> None:
    (box,) = boxes([(x, 200.0)], ["n" * 10], WIDTH, HEIGHT)
    assert (box.left, box.top) == (left, 200 - LINE / 2)


@pytest.mark.parametrize("seed", range(5))
def test_names_of_a_crowd_cover_nothing_and_stay_inside(seed: int) -> None:
    generator = np.random.default_rng(seed)
    across, down = generator.uniform(20, 620, 14), generator.normal(80, 30, 14).clip(10, 400)
    points = list(zip(across.tolist(), down.tolist(), strict=True))
    found = boxes(points, ["n" * int(n) for n in generator.integers(8, 34, 14)], WIDTH, HEIGHT)
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    assert not any(box.overlaps(Box(x, y, 0.0, 0.0)) for box in found for x, y in points)
    assert all(box.left >= 0 and box.left + box.width <= WIDTH and 0 <= box.top <= HEIGHT - LINE for box in found)


def test_without_any_room_a_name_is_there_all_the_same() -> None:
    (box,) = boxes([(5.0, 5.0)], ["much too long"], 20.0, 10.0)
    assert box.left == 5 + POINT
