"""One HTTP exchange that always ends: bounded in time and size, and left at once when cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from core.errors import Cancelled

MAX_BODY = 64 * 2**20  # bytes of an answer, unpacked
_CHUNK = 2**16  # bytes
_POLL = 0.05  # seconds between two looks at `cancelled`


@dataclass(frozen=True)
class Bounds:
    """What an exchange may cost: seconds without a byte and in total, bytes of an answer."""

    silence: float
    total: float
    body: int = MAX_BODY

    @property
    def connect(self) -> float:
        """Seconds for a connection to be made."""
        return min(5.0, self.silence)


@dataclass(frozen=True)
class Reply:
    """What came back, as it came."""

    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes


class TooSlow(Exception):
    """Bytes kept coming, but the reply was not complete in time."""


class TooBig(Exception):
    """The reply is larger than allowed."""


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    bounds: Bounds,
    cancelled: threading.Event,
) -> Reply:
    """Send a request and read its reply whole; a redirect is a reply like any other.

    The work is done in a thread that may be left behind: the timeouts of `requests` begin anew with
    each byte, so they bound neither a server that drips nor the time until a cancel is noticed.

    Raises:
        TooSlow, TooBig: a bound was broken.
        Cancelled: `cancelled` was set meanwhile.
        requests.RequestException, urllib3.exceptions.HTTPError: the network's own troubles.
    """
    outcome: list[Reply | BaseException] = []
    finished, abandoned = threading.Event(), threading.Event()

    def work() -> None:
        try:
            outcome.append(_send_and_read(session, method, url, body, headers, bounds, abandoned))
        except BaseException as error:  # carried over to the thread that waits
            outcome.append(error)
        finally:
            finished.set()

    threading.Thread(target=work, name="teacher-exchange", daemon=True).start()
    end = time.monotonic() + bounds.total
    try:
        while not finished.wait(_POLL):
            if cancelled.is_set():
                raise Cancelled
            if time.monotonic() > end:
                raise TooSlow
    finally:
        abandoned.set()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _send_and_read(
    session: requests.Session,
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    bounds: Bounds,
    abandoned: threading.Event,
) -> Reply:
    timeout = (bounds.connect, bounds.silence)
    with session.request(
        method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
    ) as response:
        if (response.raw.length_remaining or 0) > bounds.body:
            raise TooBig
        answer = bytearray()
        # read1 hands over what is there; iter_content would gather a whole chunk of drips first
        while not abandoned.is_set() and (chunk := response.raw.read1(_CHUNK, decode_content=True)):
            answer += chunk
            if len(answer) > bounds.body:
                raise TooBig
        return Reply(response.status_code, response.headers, bytes(answer))
