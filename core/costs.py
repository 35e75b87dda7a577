"""What an audit costs, where its candidates have a price."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.config import AuditConfig


def cost_of(config: AuditConfig, sent: Mapping[str, int] | None = None) -> float | None:
    """The price of the images `sent` by candidate; None for all that one try may send, budgets kept.

    In whatever currency prices are given; None where no candidate has one. Within the audit's own budget, what one try
    may send is the dearest that it pays for.
    """
    planned = planned_images(config)
    prices = {one.name: one.price for one in config.candidates if one.price is not None and one.name in planned}
    if not prices:
        return None
    if sent is not None:
        return sum(price * sent.get(name, 0) for name, price in prices.items())
    cost, left = 0.0, config.budget if config.budget is not None else math.inf
    for name in sorted(prices, key=prices.__getitem__, reverse=True):
        images = min(planned[name], left)
        cost, left = cost + prices[name] * images, left - images
    return cost


def planned_images(config: AuditConfig) -> dict[str, int]:
    """Images that one try sends each candidate at most, repeated ones left out; without candidates that are here."""
    each = min(config.num_queries(1), config.budget or math.inf)
    return {one.name: min(each, one.budget or each) for one in config.candidates if one.is_remote}
