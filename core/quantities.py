"""Numbers, times and intervals as people read them: on pages, in reports, in the terminal."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from core.results import Estimate

MINUS = "\u2212"


def number(value: float) -> str:
    """Four digits or so, with a real minus sign.

    >>> number(0.8427), number(-0.0361), number(30.5678), number(1530.2)
    ('0.843', '−0.036', '30.57', '1,530')
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    size = abs(value)
    decimals = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    shown = f"{size:,.{decimals}f}" if size >= 5e-4 or size == 0 else f"{size:.1e}"
    return f"{MINUS}{shown}" if value < 0 else shown


def money(value: float) -> str:
    """An amount in whatever currency, to two digits at least.

    >>> money(12.5), money(0.0042), money(1234567)
    ('12.50', '0.0042', '1,234,567.00')
    """
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"


def between(low: float | None, high: float | None) -> str:
    """An interval, or nothing where none could be given.

    >>> between(-0.1, 0.25), between(None, None)
    ('−0.100 to 0.250', '')
    """
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def estimate(value: Estimate) -> str:
    """`0.427 (0.357 to 0.467)`, or the value alone where it has no interval."""
    interval = between(value.low, value.high)
    return f"{number(value.value)} ({interval})" if interval else number(value.value)


def share(value: float) -> str:
    """A share in [0, 1] in per cent, without rounding something to nothing or to everything.

    >>> share(0.94), share(0.0004), share(1.0), share(0.9997)
    ('94 %', '<0.1 %', '100 %', '>99.9 %')
    """
    percent = 100 * value
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    whole = abs(percent - round(percent)) < 0.05
    return f"{percent:.0f} %" if whole else f"{percent:.1f} %"


def duration(seconds: float) -> str:
    """Elapsed time.

    >>> duration(4.21), duration(38.4), duration(200), duration(7500)
    ('4.2 s', '38 s', '3 min 20 s', '2 h 5 min')
    """
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    minutes, rest = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def time_left(seconds: float) -> str:
    """Remaining time, in words that promise no more than an estimate can.

    >>> time_left(4), time_left(23), time_left(61), time_left(400), time_left(7300)
    ('a few seconds left', 'about 25 seconds left', 'about a minute left', 'about 7 minutes left', 'about 2 hours left')
    """
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds left"
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "about a minute left"
    return f"about {minutes} minutes left" if minutes < 90 else f"about {round(seconds / 3600)} hours left"


def moment(created: str) -> str:
    """An ISO 8601 time for readers anywhere; as it is where it cannot be read.

    >>> moment("2025-11-24T21:31:00+00:00"), moment("yesterday")
    ('24 Nov 2025, 21:31 UTC', 'yesterday')
    """
    try:
        time = datetime.fromisoformat(created).astimezone(UTC)
    except ValueError:
        return created
    return f"{time.day} {time:%b %Y, %H:%M} UTC"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    last = 0 if 10 <= place % 100 <= 20 else place % 10
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{place}{suffix}"
