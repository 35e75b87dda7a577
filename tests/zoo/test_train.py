"""The zoo's recipe works: on a part of Fashion-MNIST a tiny model learns, and a student learns from its teacher."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch.nn import functional as F

from core.errors import InputError
from core.zoo.architectures import ARCHITECTURES
from core.zoo.cards import DEMO, demo_candidates, demo_students
from core.zoo.data import CLASS_NAMES, Split, load_fashion_mnist
from core.zoo.recipes import DEMO_RECIPES, Recipe
from core.zoo.train import build, fit, kd_loss, load_zoo_model, predict, train_zoo


@pytest.mark.data
def test_a_student_learns_the_task_and_its_teachers_answers(tmp_path: Path) -> None:
    train, test = load_fashion_mnist()
    train, test = train.first(8000), test.first(1000)
    recipes = [
        Recipe("teacher", "candidate", "convnet4", seed=1, epochs=2),
        Recipe("distilled", "student", "resnet8", seed=2, epochs=2, teacher="teacher"),
        Recipe("alone", "student", "resnet8", seed=2, epochs=2),
    ]
    cards = {card.id: card for card in train_zoo(recipes, train, test, tmp_path, tell=lambda line: None)}
    assert min(card.accuracy for card in cards.values()) > 0.7  # chance is 0.1

    teacher = log_softmax(predict(load_zoo_model(tmp_path / "candidates/teacher.safetensors"), test.images).numpy(), 1)

    def distance(student: str) -> float:
        logits = predict(load_zoo_model(tmp_path / f"students/{student}.safetensors"), test.images).numpy()
        return float(((log_softmax(logits, 1) - teacher) ** 2).mean())

    assert distance("distilled") < 0.6 * distance("alone")


def test_training_goes_on_where_it_stopped_and_repeats_itself(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    data = Split(torch.rand(256, 1, 28, 28, generator=generator), torch.arange(256) % 10)
    recipe = Recipe("one", "candidate", "convnet4", seed=5, epochs=1)
    said: list[str] = []
    (card,) = train_zoo([recipe], data, data.first(50), tmp_path / "a", tell=said.append)
    (kept,) = train_zoo([recipe], data, data.first(50), tmp_path / "a", tell=said.append)
    (again,) = train_zoo([recipe], data, data.first(50), tmp_path / "b", tell=said.append)
    assert kept == card
    one, two = (load_zoo_model(tmp_path / part / "candidates/one.safetensors").state_dict() for part in "ab")
    assert all(torch.allclose(one[name], two[name], atol=1e-3) for name in one)  # threads add up in any order
    assert again.epochs == card.epochs
    assert len(said) == 2


def test_kd_loss_against_its_definition() -> None:
    student, teacher = (torch.randn(5, 4, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    p, q = F.softmax(teacher / 4, 1), F.softmax(student / 4, 1)
    expected = 16 * (p * (p / q).log()).sum(1).mean()
    assert kd_loss(student, teacher, 4.0).item() == pytest.approx(expected.item(), rel=1e-5)
    assert kd_loss(teacher, teacher, 4.0).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_builds_from_its_seed_and_stays_under_a_megabyte(name: str) -> None:
    one, same, other = (build(name, seed).eval() for seed in (0, 0, 1))
    images = torch.rand(2, 1, 28, 28)
    with torch.inference_mode():
        assert one(images).shape == (2, len(CLASS_NAMES))
        assert torch.equal(one(images), same(images))
        assert not torch.equal(one(images), other(images))
    assert sum(tensor.nbytes for tensor in one.state_dict().values()) < 1_000_000


class TestDemo:
    """What is shipped is what the recipes say."""

    def test_every_recipe_has_its_model_and_card(self) -> None:
        cards = {card.id: card for card in (*demo_candidates(), *demo_students())}
        assert set(cards) == {recipe.id for recipe in DEMO_RECIPES}
        for recipe in DEMO_RECIPES:
            card = cards[recipe.id]
            assert (card.role, card.true_teacher, card.seed) == (recipe.role, recipe.teacher, recipe.seed)
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


def test_fit_learns_from_labels_and_leaves_the_random_state_alone() -> None:
    data = Split(torch.rand(512, 1, 28, 28), torch.arange(512) % 2)
    data.images[data.labels == 1] *= 0.2
    state = torch.random.get_rng_state()
    model = fit(Recipe("x", "student", "convnet4", seed=0, epochs=4), data, None, batch=32)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (predict(model, data.images).argmax(1) == data.labels).float().mean() > 0.95


class TestData:
    def test_reads_idx_files(self, tmp_path: Path) -> None:
        images = np.arange(3 * 28 * 28, dtype=np.uint8).reshape(3, 28, 28)
        for prefix in ("train", "t10k"):
            self.write(tmp_path / f"{prefix}-images-idx3-ubyte.gz", images)
            self.write(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", np.array([7, 0, 2], np.uint8))
        train, _ = load_fashion_mnist(tmp_path)
        assert train.labels.tolist() == [7, 0, 2]
        np.testing.assert_allclose(train.images[:, 0].numpy(), images / 255, rtol=1e-6)

    def test_a_folder_without_the_files_is_refused_with_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="dataset-fashion-mnist"):
            load_fashion_mnist(tmp_path)

    @staticmethod
    def write(path: Path, array: np.ndarray) -> None:
        header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        path.write_bytes(gzip.compress(header + array.tobytes()))
