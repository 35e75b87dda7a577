"""What an audit costs, where its candidates have a price."""

from __future__ import annotations

from collections.abc import Mapping

from core.config import AuditConfig


def cost_of(config: AuditConfig, sent: Mapping[str, int] | None = None) -> float | None:
    """The price of the images `sent` by candidate; None for all that one try may send, budgets kept.

    In whatever currency prices are given; None where no candidate has one.
    """
    images = planned_images(config)
    prices = {one.name: one.price for one in config.candidates if one.price is not None and one.name in images}
    if not prices:
        return None
    return sum(price * (images if sent is None else sent).get(name, 0) for name, price in prices.items())


def planned_images(config: AuditConfig) -> dict[str, int]:
    """Images that one try sends each candidate, repeated ones left out, budgets kept; without those that are here."""
    each = config.num_queries(1)
    return {one.name: min(each, one.budget or each) for one in config.candidates if one.protocol != "local"}
