from __future__ import annotations

import pytest
import torch

from core.zoo.architectures import ARCHITECTURES
from core.zoo.datasets.table import DATASETS
from core.zoo.features import embedding_of, stages_of
from core.zoo.models import new_model


@pytest.mark.parametrize("name", ["stridenet4", "resnet8s", "dwnet6", "preact8", "groupnet4", "vit2"])
def test_stages_and_embedding_are_what_the_layers_give(name: str) -> None:
    model = new_model(name, DATASETS["fashion_mnist"].input, 10, seed=0).eval()
    images = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), stages_of(model, 3) as stages, embedding_of(model) as embeddings:
        logits = model(images)
    assert 2 <= len(stages) <= 3
    assert all(stage.ndim == 2 and len(stage) == 4 for stage in stages)
    head = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    torch.testing.assert_close(head(embeddings[0]), logits)
    if ARCHITECTURES[name].family != "transformer":
        torch.testing.assert_close(stages[-1], embeddings[0])  # the last stage, pooled, is what the head sees
    model(images)
    assert len(embeddings) == 1, "the hook is gone"
