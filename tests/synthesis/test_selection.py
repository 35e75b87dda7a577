"""Rules of selection on pools whose best choice can be worked out by hand, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, jensenshannon

from core.synthesis.drawing import unaimed
from core.synthesis.opinions import Opinions, jensen_shannon, opinions
from core.synthesis.selection import RULES, selected
from core.synthesis.settings import RULES as NAMES
from tests.synthesis.conftest import untrained


def pool(*probabilities: tuple[float, ...], instability=None, fit=None) -> Opinions:
    logs = np.log(np.array(probabilities))
    return Opinions(
        log_probabilities=logs - logs.mean(axis=1, keepdims=True),
        instability=np.zeros(len(logs)) if instability is None else np.array(instability),
        batchnorm_fit=None if fit is None else np.array(fit),
    )


FOUR = pool((0.5, 0.3, 0.2), (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.7, 0.2, 0.1))  # sure: 1, 2, 3, 0


def random_pool(images: int = 40) -> Opinions:
    draw = np.random.default_rng(0)
    answers = draw.dirichlet(np.full(6, 0.4), images).clip(1e-6)
    return pool(*answers, instability=draw.random(images), fit=draw.random(images))


def test_every_rule_has_a_name_in_configurations() -> None:
    assert {"none", *RULES} == set(NAMES)


@pytest.mark.parametrize("name", RULES)
def test_rules_keep_different_images_and_each_beginning_is_that_of_fewer(name: str) -> None:
    everyone = random_pool()
    order = RULES[name](everyone, 40)
    assert sorted(order) == list(range(40))
    for n in (1, 2, 17):
        np.testing.assert_array_equal(RULES[name](everyone, n), order[:n])
    assert order[0] == (everyone.dark_knowledge if name == "dark_knowledge" else everyone.worth).argmax()


@pytest.mark.parametrize("name", RULES)
def test_rules_cope_with_images_that_are_all_alike(name: str) -> None:
    assert sorted(RULES[name](pool(*[(0.6, 0.4)] * 5), 4)) != []
    assert len(set(RULES[name](pool(*[(0.6, 0.4)] * 5), 5))) == 5


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("best_first", [1, 0, 2, 3]),
        ("confident_stable", [1, 2, 3, 0]),
        ("dark_knowledge", [3, 0, 1, 2]),
        ("balanced", [1, 2, 3, 0]),
        ("spread", [1, 2, 0, 3]),
    ],
)
def test_by_hand(name: str, order: list[int]) -> None:
    assert RULES[name](FOUR, 4).tolist() == order


def test_balanced_takes_classes_in_turn() -> None:
    many = pool((0.9, 0.1), (0.8, 0.2), (0.7, 0.3), (0.4, 0.6), (0.05, 0.95))
    assert RULES["balanced"](many, 5).tolist() == [4, 0, 1, 3, 2]


def test_worth_is_a_mean_of_ranks() -> None:
    everyone = pool((0.9, 0.1), (0.8, 0.2), (0.7, 0.3), instability=[0.3, 0.1, 0.2], fit=[1.0, 3.0, 2.0])
    np.testing.assert_allclose(everyone.worth * 3, [(3 + 1 + 1) / 3, (2 + 3 + 3) / 3, (1 + 2 + 2) / 3])
    np.testing.assert_allclose(everyone.confidence, [0.9, 0.8, 0.7])


def test_dark_knowledge_is_the_spread_of_all_classes_but_the_first() -> None:
    found = pool((0.97, 0.02, 0.01), (0.4, 0.5, 0.1)).dark_knowledge
    np.testing.assert_allclose(found, [np.log(0.02 / 0.01) / 2, np.log(0.4 / 0.1) / 2])
    assert RULES["dark_knowledge"](pool((0.5, 0.5), (0.9, 0.1), (0.2, 0.8)), 2).tolist() == [0, 1]


def test_opinions_of_some_images_are_theirs() -> None:
    everyone, some = random_pool(), np.array([7, 3, 30])
    few = everyone.of(some)
    np.testing.assert_array_equal(few.log_probabilities, everyone.log_probabilities[some])
    np.testing.assert_array_equal(few.instability, everyone.instability[some])
    np.testing.assert_array_equal(few.batchnorm_fit, everyone.batchnorm_fit[some])
    assert pool((0.5, 0.5), (0.9, 0.1)).of(np.array([1])).batchnorm_fit is None


def test_spread_is_greedy_on_the_nearest_distance() -> None:
    everyone = random_pool()
    distances = cdist(everyone.log_probabilities, everyone.log_probabilities)
    chosen = [int(everyone.worth.argmax())]
    for _ in range(11):
        nearest = distances[:, chosen].min(axis=1)
        chosen.append(int(nearest.argmax()))
    assert RULES["spread"](everyone, 12).tolist() == chosen


def test_log_det_is_greedy_on_the_determinant() -> None:
    everyone = random_pool()
    distances = cdist(everyone.log_probabilities, everyone.log_probabilities, "sqeuclidean")
    kernel = np.exp(-distances / np.median(distances[~np.eye(40, dtype=bool)])) + 1e-6 * np.eye(40)
    chosen = [int(everyone.worth.argmax())]
    for _ in range(9):
        candidates = [index for index in range(40) if index not in chosen]
        volumes = [np.linalg.slogdet(kernel[np.ix_([*chosen, i], [*chosen, i])])[1] for i in candidates]
        chosen.append(candidates[int(np.argmax(volumes))])
    assert RULES["log_det"](everyone, 10).tolist() == chosen


def test_divergence_against_scipy() -> None:
    draw = np.random.default_rng(0)
    p, q = draw.dirichlet(np.ones(5), 20), draw.dirichlet(np.ones(5), 20)
    np.testing.assert_allclose(jensen_shannon(p, q), jensenshannon(p, q, axis=1) ** 2, atol=1e-12)
    assert jensen_shannon(np.eye(2)[0], np.eye(2)[1]) == pytest.approx(np.log(2))


def test_opinions_are_the_students(thirds_student) -> None:
    flat = np.full((1, 1, 28, 28), 30, np.uint8)
    left, middle, column = flat.copy(), flat.copy(), flat.copy()
    left[..., :9] = 120
    middle[..., 9:18] = 120
    column[..., 8] = 255  # a step to the right takes it into another third
    images = np.concatenate([flat, left, middle, column])
    found = opinions(thirds_student, images)
    answers = thirds_student.logits(images)
    np.testing.assert_allclose(found.log_probabilities, answers - answers.mean(1, keepdims=True), atol=1e-5)
    assert found.instability[0] < 1e-9
    assert found.instability[3] > found.instability[2] > 0
    assert found.batchnorm_fit.shape == (4,)


def test_students_without_batchnorm_have_opinions_too() -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 1, 28, 28), np.uint8)  # more than one part
    found = opinions(untrained("groupnet4"), images)
    assert found.batchnorm_fit is None
    assert found.worth.shape == found.instability.shape == (300,)


def test_what_is_kept_are_images_of_the_pool(thirds_student) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 28, 28), np.uint8)
    kept = selected(thirds_student, unaimed(images), 7, "spread")
    assert {image.tobytes() for image in kept.images} < {image.tobytes() for image in images}
    np.testing.assert_array_equal(selected(thirds_student, unaimed(images), 7, "none").images, images[:7])
    assert not torch.is_inference_mode_enabled()
