from __future__ import annotations

import torch

from core.zoo.augment import strongly_augmented


def test_images_change_each_in_its_way_and_stay_images() -> None:
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))[:1].expand(8, -1, -1, -1)
    changed = strongly_augmented(images, torch.Generator().manual_seed(1))
    again = strongly_augmented(images, torch.Generator().manual_seed(1))
    assert torch.equal(changed, again)
    assert changed.shape == images.shape
    assert changed.min() >= 0 and changed.max() <= 1
    assert len({image.numpy().tobytes() for image in changed}) == 8
    holes = (changed == 0.5).all(dim=1).sum(dim=(1, 2))
    assert (holes >= 49).all() and (holes <= 81).all(), "a hole of 8 by 8 pixels, give or take one"
