"""What an audit costs, where its candidates have a price."""

from __future__ import annotations

from collections.abc import Mapping

from core.config import AuditConfig


def cost_of(config: AuditConfig, sent: Mapping[str, int] | None = None) -> float | None:
    """The price of the images `sent` by candidate; None for all that one try may send, budgets kept.

    In whatever currency prices are given; None where no candidate has one.
    """
    each = config.num_queries(1)
    priced = [one for one in config.candidates if one.price is not None and one.protocol != "local"]
    if not priced:
        return None
    planned = {one.name: min(each, one.budget or each) for one in priced}
    images = planned if sent is None else sent
    return sum(one.price * images.get(one.name, 0) for one in priced if one.price is not None)
