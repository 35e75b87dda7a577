"""When the next call may go: how many a minute a candidate wants, and how long its server asks to be left alone."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_LIMIT = re.compile(r";\s*([rt])=(\d{1,9})\b")  # what is left, and seconds until there is more


class Pace:
    """Calls at even distances, so many a minute at most; None for as they come. For any number of threads."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0  # when the next call may go, by the monotonic clock
        self._lock = threading.Lock()

    def wait(self, cancelled: threading.Event) -> None:
        """Return when it is this call's turn, or at once when `cancelled` is set."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            cancelled.wait(turn - now)


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to be left alone for: by `Retry-After`, else by a `RateLimit` that is used up.

    The latter as in the IETF's draft "RateLimit header fields for HTTP": `"api";r=0;t=55`.
    """
    limits = [dict(_LIMIT.findall(limit)) for limit in headers.get("RateLimit", "").split(",")]
    used_up = [float(limit["t"]) for limit in limits if limit.get("r") == "0" and "t" in limit]
    asked = retry_after(headers.get("Retry-After", ""))
    return max(used_up) if asked is None and used_up else asked


def retry_after(value: str) -> float | None:
    """Seconds that a `Retry-After` header asks for, given as seconds or as a date; None if it makes no sense."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
