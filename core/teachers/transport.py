"""Calls to a teacher's server: JSON over HTTP with a key, patience, and errors that say what to do."""

from __future__ import annotations

import ipaddress
import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from core.candidates import CandidateConfig
from core.errors import Cancelled, TeacherError
from core.teachers.exchange import MAX_BODY, Bounds, TooBig, TooSlow, exchange
from core.teachers.faults import Faults

RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_LIMIT = re.compile(r";\s*([rt])=(\d{1,9})\b")  # what is left, and seconds until there is more
WHOLE_ANSWER = 4  # times the candidate's timeout, which is for silence


@dataclass(frozen=True)
class Retry:
    """How often to try, and the waits between tries in seconds: `first`, doubled each time, with jitter."""

    attempts: int = 5
    first: float = 0.5
    longest: float = 20.0
    longest_asked: float = 120.0  # of what a server's Retry-After is honoured


PATIENT = Retry()


class _Passing(Exception):
    """A fault that may be gone next time.

    Args:
        asked: seconds that the server wants to be left alone for.
        crowded: it may be gone as soon as other calls are through.
    """

    def __init__(self, fault: TeacherError, asked: float | None = None, *, crowded: bool = False) -> None:
        self.fault, self.asked, self.crowded = fault, asked, crowded


@dataclass(frozen=True)
class _Request:
    """What is sent, to a path below the candidate's address."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport:
    """Connections to one candidate's server, for as many threads as its `max_concurrency`.

    Args:
        key: sent as the candidate's `key_header` says; it appears in no error, whatever the server says.
        cancelled: when set, the call that waits or reads raises `Cancelled`.
        max_body: bytes of an answer that are read at most.
    """

    def __init__(
        self,
        candidate: CandidateConfig,
        *,
        key: str | None = None,
        cancelled: threading.Event | None = None,
        retry: Retry = PATIENT,
        max_body: int = MAX_BODY,
    ) -> None:
        self.candidate = candidate
        self._faults = Faults(candidate, key)
        self._cancelled = cancelled or threading.Event()
        self._retry = retry
        self._bounds = Bounds(silence=candidate.timeout, total=WHOLE_ANSWER * candidate.timeout, body=max_body)
        self._session = _session(candidate)
        self._pace = Pace(candidate.requests_per_minute)
        self._answered = 0  # calls; threads may lose a count, never all of them
        if key is not None:
            if not re.fullmatch(r"[\x21-\x7e]+", key):
                raise self._faults.bad_key()
            bearer = candidate.key_header.lower() == "authorization"
            self._session.headers[candidate.key_header] = f"Bearer {key}" if bearer else key

    def get(self, path: str, *, none_for: Collection[int] = ()) -> object:
        """The JSON at `path` below the candidate's address; None for a status in `none_for`."""
        return self._call(_Request("GET", path), lambda: None, none_for)

    def post(
        self, path: str, body: bytes, *, headers: Mapping[str, str] | None = None, on_attempt: Callable[[], None]
    ) -> object:
        """The JSON answer to a body; `on_attempt` is called each time that it is sent.

        Args:
            headers: beside those of every request; a body is JSON where none of them says otherwise.

        Raises:
            TeacherError: after the last attempt, or at once where another would not help.
            Cancelled: the user does not want the answer any more.
        """
        return self._call(_Request("POST", path, body, headers or {}), on_attempt, ())

    def _call(self, request: _Request, on_attempt: Callable[[], None], none_for: Collection[int]) -> object:
        attempts = Retrying(
            stop=self._patience(),
            wait=self._wait,
            retry=retry_if_exception_type(_Passing),
            sleep=sleep_using_event(self._cancelled),
            reraise=True,
        )
        try:
            return attempts(self._attempt, request, on_attempt, none_for)
        except _Passing as passing:
            fault = passing.fault
            made = attempts.statistics["attempt_number"]
            tries = f"{made} attempts" if made > 1 else ""
            actual = ", ".join(filter(None, (fault.actual, tries)))
            raise TeacherError(fault.what, rule=fault.rule, actual=actual, remedy=fault.remedy) from None

    def _attempt(self, request: _Request, on_attempt: Callable[[], None], none_for: Collection[int]) -> object:
        self._pace.wait(self._cancelled)
        if self._cancelled.is_set():
            raise Cancelled
        on_attempt()
        url = f"{self.candidate.url}/{request.path}".rstrip("/")
        sent = request.method, url, request.body, request.headers
        try:
            reply = exchange(self._session, *sent, bounds=self._bounds, cancelled=self._cancelled)
        except TooSlow:
            raise self._faults.too_slow(url, self._bounds) from None
        except TooBig:
            raise self._faults.too_big(url, self._bounds) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = self._faults.of_network(url, error, self._bounds)
            hopeless = isinstance(error, (requests.exceptions.SSLError, ValueError))  # ValueError: a bad address
            raise (fault if hopeless else _Passing(fault)) from None
        if reply.status in none_for:
            return None
        if reply.status in RETRYABLE:
            fault = self._faults.of_status(url, reply)
            raise _Passing(fault, wait_asked(reply.headers), crowded=reply.status == 429)
        if not 200 <= reply.status < 300:
            raise self._faults.of_status(url, reply)
        self._answered += 1
        try:
            return self._faults.redacted(json.loads(reply.body))
        except (ValueError, RecursionError):
            raise self._faults.not_json(url, reply.body) from None

    def _patience(self) -> Callable[[RetryCallState], bool]:
        """Whether a call was tried often enough. A call that was refused while another was answered only waited."""
        vain, answered = 0, self._answered

        def enough(state: RetryCallState) -> bool:
            nonlocal vain, answered
            passing = state.outcome and state.outcome.exception()
            waited = isinstance(passing, _Passing) and passing.crowded and self._answered > answered
            vain, answered = 0 if waited else vain + 1, self._answered
            return vain >= self._retry.attempts

        return enough

    def _wait(self, state: RetryCallState) -> float:
        retry, passing = self._retry, state.outcome and state.outcome.exception()
        backoff = wait_exponential_jitter(multiplier=retry.first, max=retry.longest, jitter=retry.first)(state)
        asked = passing.asked if isinstance(passing, _Passing) and passing.asked else 0.0
        asked = min(asked, retry.longest_asked)
        return asked if asked and passing.crowded else max(backoff, asked)


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


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


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


class _Session(requests.Session):
    """A session for which a redirect is a reply like any other.

    `allow_redirects=False` alone still reads a redirect's body, whole and unbounded, to prepare the next request.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _session(candidate: CandidateConfig) -> requests.Session:
    """A session that takes from the environment certificate authorities and, for other hosts, proxies.

    `trust_env` stays off: with it, a matching entry in ~/.netrc would replace the key.
    """
    session = _Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=candidate.max_concurrency))
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # none is kept
    session.headers.update({"Content-Type": "application/json", "Accept": "application/json"})
    authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    session.verify = str(candidate.ca_file) if candidate.ca_file else authorities or True
    if not is_loopback(urlsplit(candidate.url).hostname or ""):
        session.proxies.update(get_environ_proxies(candidate.url))
    return session
