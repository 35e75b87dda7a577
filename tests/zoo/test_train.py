"""The zoo's recipe works: on a part of Fashion-MNIST a tiny model learns, and a student learns from its teacher."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch
from scipy.special import log_softmax

from core.zoo.architectures import ARCHITECTURES
from core.zoo.cards import DEMO, demo_candidates, demo_students
from core.zoo.datasets.base import Dataset, Split
from core.zoo.datasets.fashion_mnist import load_fashion_mnist
from core.zoo.datasets.table import DATASETS
from core.zoo.models import load_zoo_model, new_model, predict
from core.zoo.recipes import DEMO_RECIPES, LessonName, Recipe
from core.zoo.train import fit, train_zoo
from tests.support.zoo import FASHION, random_split


@pytest.mark.data
def test_a_student_learns_the_task_and_its_teachers_answers(tmp_path: Path) -> None:
    train, test = load_fashion_mnist()
    train, test = train.first(8000), test.first(1000)
    recipes = [
        Recipe("teacher", "candidate", "convnet4", seed=1, epochs=2),
        Recipe("distilled", "student", "resnet8", seed=2, epochs=2, lesson="kd", teachers=("teacher",)),
        Recipe("alone", "student", "resnet8", seed=2, epochs=2),
    ]
    cards = {card.id: card for card in train_zoo(recipes, FASHION, train, test, tmp_path, tell=lambda line: None)}
    assert min(card.accuracy for card in cards.values()) > 0.7  # chance is 0.1

    teacher = log_softmax(predict(load_zoo_model(tmp_path / "candidates/teacher.safetensors"), test.images).numpy(), 1)

    def distance(student: str) -> float:
        logits = predict(load_zoo_model(tmp_path / f"students/{student}.safetensors"), test.images).numpy()
        return float(((log_softmax(logits, 1) - teacher) ** 2).mean())

    assert distance("distilled") < 0.6 * distance("alone")


def test_training_goes_on_where_it_stopped_and_repeats_itself(tmp_path: Path) -> None:
    data = random_split()
    recipe = Recipe("one", "candidate", "convnet4", seed=5, epochs=1)
    said: list[str] = []
    (card,) = train_zoo([recipe], FASHION, data, data.first(50), tmp_path / "a", tell=said.append)
    (kept,) = train_zoo([recipe], FASHION, data, data.first(50), tmp_path / "a", tell=said.append)
    (again,) = train_zoo([recipe], FASHION, data, data.first(50), tmp_path / "b", tell=said.append)
    assert kept == card
    one, two = (load_zoo_model(tmp_path / part / "candidates/one.safetensors").state_dict() for part in "ab")
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)  # threads add up in any order
    assert again.epochs == card.epochs
    assert len(said) == 2


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("dataset", [DATASETS["fashion_mnist"], DATASETS["fashion_colour"]], ids=lambda d: d.name)
def test_every_architecture_builds_from_its_seed_and_stays_under_a_megabyte(name: str, dataset: Dataset) -> None:
    one, same, other = (new_model(name, dataset.input, 10, seed=seed).eval() for seed in (0, 0, 1))
    images = random_split(dataset, examples=2).images
    with torch.inference_mode():
        assert one(images).shape == (2, 10)
        assert torch.equal(one(images), same(images))
        assert not torch.equal(one(images), other(images))
    assert sum(tensor.nbytes for tensor in one.state_dict().values()) < 1_000_000


@pytest.mark.parametrize("lesson", get_args(LessonName))
def test_every_lesson_teaches(tmp_path: Path, lesson: LessonName) -> None:
    """On images that are dark or bright, after a teacher that knows; RKD and OFA learn from labels as well."""
    data = random_split(examples=512)
    data = Split(data.images * (0.2 + 0.8 * (data.labels % 2))[:, None, None, None], data.labels % 2)
    candidates = [Recipe(name, "candidate", "convnet4", seed=seed, epochs=8) for seed, name in enumerate(("a", "b"))]
    number = {"labels": 0, "kd_two_teachers": 2}.get(lesson, 1)
    student = Recipe("s", "student", "vit2", seed=3, epochs=8, lesson=lesson, teachers=("a", "b")[:number])
    *_, card = train_zoo([*candidates, student], FASHION, data, data, tmp_path, tell=lambda line: None)
    assert card.accuracy > 0.9
    assert (card.true_teacher, card.second_teacher) == (*("a", "b")[:number], None, None)[:2]
    assert card.loss == student.loss


class TestDemo:
    """What is shipped is what the recipes say."""

    def test_every_recipe_has_its_model_and_card(self) -> None:
        cards = {card.id: card for card in (*demo_candidates(), *demo_students())}
        assert set(cards) == {recipe.id for recipe in DEMO_RECIPES}
        for recipe in DEMO_RECIPES:
            card = cards[recipe.id]
            assert (card.role, card.seed) == (recipe.role, recipe.seed)
            assert card.true_teacher == (recipe.teachers[0] if recipe.teachers else None)
            assert (card.epochs, card.loss) == (recipe.epochs, recipe.loss)
            assert card.accuracy > 0.85

    def test_no_student_is_of_its_teachers_family(self) -> None:
        family = {card.id: card.family for card in demo_candidates()}
        distilled = [card for card in demo_students() if card.true_teacher]
        assert len({card.true_teacher for card in distilled}) == len(distilled) == 6
        assert all(family[card.true_teacher] != card.family for card in distilled)

    def test_weights_are_small_and_do_not_name_a_teacher(self) -> None:
        from safetensors import safe_open

        paths = sorted(DEMO.glob("*/*.safetensors"))
        assert all(path.stat().st_size < 1_000_000 for path in paths)
        for path in paths:
            with safe_open(path, framework="np") as file:
                assert set(file.metadata()) == {"format", "architecture", "num_classes", "class_names", "input"}

    @pytest.mark.data
    def test_cards_tell_the_true_accuracy(self) -> None:
        _, test = load_fashion_mnist()
        card = demo_students()[0]
        model = load_zoo_model(DEMO / "students" / f"{card.id}.safetensors")
        accuracy = (predict(model, test.images).argmax(1) == test.labels).float().mean().item()
        assert accuracy == pytest.approx(card.accuracy, abs=0.002)


def test_fit_leaves_the_random_state_alone() -> None:
    state = torch.random.get_rng_state()
    fit(Recipe("x", "student", "convnet4", seed=0, epochs=1), FASHION, random_split(), [])
    assert torch.equal(torch.random.get_rng_state(), state)
