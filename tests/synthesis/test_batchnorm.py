"""The BatchNorm loss against numbers worked out by numpy, and its minimum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from core.synthesis.batchnorm import batchnorm_loss, watched_images, watched_moments


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5)).eval()
    for layer in (model[0], model[2]):
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    return model


def layers_of(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_against_numpy(model: nn.Sequential, reduction: str) -> None:
    x = torch.randn(7, 3, 9, 9)
    with watched_moments(layers_of(model)) as moments:
        model(x)
    loss = batchnorm_loss(moments, reduction=reduction)

    terms = []
    for entered, layer in ((x, model[0]), (model[1](model[0](x)), model[2])):
        values = entered.detach().double().numpy()
        mean, sd = values.mean((0, 2, 3)), np.sqrt(values.var((0, 2, 3)) + layer.eps)
        stored_sd = np.sqrt(layer.running_var.numpy() + layer.eps)
        terms.append((mean - layer.running_mean.numpy()) ** 2 + (sd - stored_sd) ** 2)
    expected = np.mean([t.mean() for t in terms]) if reduction == "mean" else sum(t.sum() for t in terms)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_fits_of_single_images_are_their_own_losses(model: nn.Sequential) -> None:
    x = torch.randn(4, 3, 9, 9)
    with watched_images(layers_of(model)) as together:
        model(x)
    for index, fit in enumerate(batchnorm_loss(together, reduction="mean")):
        with watched_moments(layers_of(model)) as alone:
            model(x[index : index + 1])
        assert fit.item() == pytest.approx(batchnorm_loss(alone, reduction="mean").item(), rel=1e-4)


def test_vanishes_on_the_data_whose_statistics_are_stored() -> None:
    layer = nn.BatchNorm2d(3, momentum=1.0)
    x = torch.randn(50, 3, 20, 20) * 2 + 1
    layer.train()(x)
    layer.eval()
    with watched_moments([layer]) as moments:
        layer(x)
    assert batchnorm_loss(moments, reduction="sum").item() < 1e-6


def filled(layer: nn.Module) -> nn.Module:
    for name in ("weight", "bias", "running_mean"):
        getattr(layer, name).data.normal_()
    layer.running_var.uniform_(0.5, 2)
    return layer.eval()


LAYERS = {
    "torch's": lambda: nn.BatchNorm2d(3),
    "timm's, which activates": lambda: BatchNormAct2d(3),
    "torchvision's frozen": lambda: FrozenBatchNorm2d(3),
}


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_answers_and_gradients_are_those_of_the_layer_and_of_the_formula(kind: str, sampled: bool) -> None:
    """Also where images are so large that every third row alone counts, the second of three."""
    torch.manual_seed(0)
    layer = filled(LAYERS[kind]())
    x = torch.randn(2, 3, 84, 9, requires_grad=True)
    seen = x[:, :, 1::3] if sampled else x
    sd = (seen.var((0, 2, 3), unbiased=False) + layer.eps).sqrt()
    stored_sd = (layer.running_var + layer.eps).sqrt()
    expected = ((seen.mean((0, 2, 3)) - layer.running_mean) ** 2 + (sd - stored_sd) ** 2).sum()

    with watched_moments([layer], sampled=sampled) as moments:
        y = layer(x)
    loss = batchnorm_loss(moments, reduction="sum")

    torch.testing.assert_close(y, layer(x), rtol=1e-4, atol=1e-5)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    (found,) = torch.autograd.grad(loss + y.square().mean(), x)
    (wanted,) = torch.autograd.grad(expected + layer(x).square().mean(), x)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-5)


def test_watching_ends_with_the_block_and_passes_gradients(model: nn.Sequential) -> None:
    x = torch.randn(4, 3, 9, 9, requires_grad=True)
    with watched_moments(layers_of(model)) as moments:
        model(x)
    batchnorm_loss(moments, reduction="mean").backward()
    assert x.grad.abs().sum() > 0
    model(x)
    assert len(moments) == 2


def test_layers_count_by_use_and_not_by_the_order_of_their_declaration() -> None:
    class Crossed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second, self.unused, self.first = nn.BatchNorm2d(5), nn.BatchNorm2d(7), nn.BatchNorm2d(3)
            self.conv = nn.Conv2d(3, 5, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(self.conv(self.first(x)))

    model = Crossed().eval()
    with watched_moments(layers_of(model)) as moments:
        model(torch.randn(4, 3, 6, 6))
    assert [layer for layer, *_ in moments] == [model.first, model.second]
    assert torch.isfinite(batchnorm_loss(moments, reduction="mean"))


@pytest.mark.parametrize("kind", LAYERS)
def test_half_precision_around_it_costs_no_accuracy(kind: str) -> None:
    """The mean square less the squared mean loses everything there."""
    layer = filled(LAYERS[kind]())
    x = (10 + torch.randn(16, 3, 9, 9)).bfloat16()
    losses, gradients = [], []
    for images in (x.float().requires_grad_(), x.requires_grad_()):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=images is x), watched_moments([layer]) as moments:
            layer(images)
        loss = batchnorm_loss(moments, reduction="mean")
        losses.append(loss.item())
        gradients.append(torch.autograd.grad(loss, images)[0].float())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(*gradients, rtol=2e-2, atol=1e-5)
