"""Calls to a teacher's server: JSON over HTTP with a key, patience, and errors that say what to do."""

from __future__ import annotations

import json
import os
import re
import ssl
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from core.candidates import CandidateConfig
from core.errors import Cancelled, TeacherError
from core.teachers.addresses import PrivateAddress, guarded, is_loopback
from core.teachers.exchange import MAX_BODY, Bounds, Reply, TooBig, TooSlow, exchange
from core.teachers.faults import Faults, is_final
from core.teachers.pace import Pace, wait_asked

RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
WHOLE_ANSWER = 4  # times the candidate's timeout, which is for silence


@dataclass(frozen=True)
class Retry:
    """How often to try, and the waits between tries in seconds: `first`, doubled each time, with jitter."""

    attempts: int = 5
    outage: int = 0  # attempts, where that is more, at a server that has answered already
    first: float = 0.5
    longest: float = 20.0
    longest_asked: float = 120.0  # of what a server's Retry-After is honoured


PATIENT = Retry(outage=9)  # with waits of 71 s or more together, so that a server may be started anew


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


@dataclass(frozen=True)
class Heard:
    """What came of a question.

    Attributes:
        value: the JSON of an answer.
        fault: why there is none.
        status: of the reply; 0 where none came whole.
        said: the server's own words in place of an answer, redacted, on one line and cut.
    """

    value: object = None
    fault: TeacherError | None = None
    status: int = 0
    said: str = ""


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
        self._session = _session(candidate, self._faults)
        self._pace = Pace(candidate.requests_per_minute)
        self._answered = 0  # calls with a body; threads may lose a count, never all of them
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

    def look(self, path: str, body: bytes | None = None) -> Heard:
        """What a GET, or a POST of `body`, brings when it is asked once: a refusal tells something, too."""
        request = _Request("GET" if body is None else "POST", path, body)
        try:
            reply = self._send(request, lambda: None)
        except _Passing as passing:
            return Heard(fault=passing.fault)
        except TeacherError as fault:
            return Heard(fault=fault)
        try:
            return Heard(self._answer(request, reply), status=reply.status)
        except TeacherError as fault:
            return Heard(fault=fault, status=reply.status, said=self._faults.words(reply.body))

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
        reply = self._send(request, on_attempt)
        if reply.status in none_for:
            return None
        if reply.status in RETRYABLE:
            fault = self._faults.of_status(self._url(request), reply)
            raise _Passing(fault, wait_asked(reply.headers), crowded=reply.status == 429)
        return self._answer(request, reply)

    def _send(self, request: _Request, on_attempt: Callable[[], None]) -> Reply:
        """Whatever comes back, when it is this call's turn; raises `TeacherError` or `_Passing` where nothing does."""
        self._pace.wait(self._cancelled)
        if self._cancelled.is_set():
            raise Cancelled
        on_attempt()
        url = self._url(request)
        sent = request.method, url, request.body, request.headers
        try:
            return exchange(self._session, *sent, bounds=self._bounds, cancelled=self._cancelled)
        except TooSlow:
            raise self._faults.too_slow(url, self._bounds) from None
        except TooBig:
            raise self._faults.too_big(url, self._bounds) from None
        except PrivateAddress:
            raise self._faults.private_address(url) from None
        except (OSError, urllib3.exceptions.HTTPError) as error:
            fault = self._faults.of_network(url, error, self._bounds)
            raise (fault if is_final(error) else _Passing(fault)) from None

    def _answer(self, request: _Request, reply: Reply) -> object:
        """The JSON in a reply; raises `TeacherError` where it is no answer."""
        url = self._url(request)
        if not 200 <= reply.status < 300:
            raise self._faults.of_status(url, reply)
        self._answered += request.body is not None
        try:
            return self._faults.redacted(json.loads(reply.body))
        except (ValueError, RecursionError):
            raise self._faults.not_json(url, reply.body) from None

    def _url(self, request: _Request) -> str:
        return f"{self.candidate.url}/{request.path}".rstrip("/")

    def _patience(self) -> Callable[[RetryCallState], bool]:
        """Whether a call was tried often enough. A call that was refused while another was answered only waited."""
        vain, answered = 0, self._answered

        def enough(state: RetryCallState) -> bool:
            nonlocal vain, answered
            passing = state.outcome and state.outcome.exception()
            waited = isinstance(passing, _Passing) and passing.crowded and self._answered > answered
            vain, answered = 0 if waited else vain + 1, self._answered
            return vain >= max(self._retry.attempts, self._retry.outage if self._answered else 0)

        return enough

    def _wait(self, state: RetryCallState) -> float:
        retry, passing = self._retry, state.outcome and state.outcome.exception()
        backoff = wait_exponential_jitter(multiplier=retry.first, max=retry.longest, jitter=retry.first)(state)
        asked = passing.asked if isinstance(passing, _Passing) and passing.asked else 0.0
        asked = min(asked, retry.longest_asked)
        return asked if asked and passing.crowded else max(backoff, asked)


class _Session(requests.Session):
    """A session for which a redirect is a reply like any other.

    `allow_redirects=False` alone still reads a redirect's body, whole and unbounded, to prepare the next request.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _session(candidate: CandidateConfig, faults: Faults) -> requests.Session:
    """A session that takes from the environment certificate authorities and, for other hosts, proxies.

    `trust_env` stays off: with it, a matching entry in ~/.netrc would replace the key.
    """
    session = _Session()
    adapter = guarded(candidate.url, pool_maxsize=candidate.max_concurrency)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # none is kept
    session.headers.update({"Content-Type": "application/json", "Accept": "application/json"})
    authorities = candidate.ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if authorities and candidate.url.startswith("https:"):
        session.verify = _readable(Path(authorities), faults)
    if not is_loopback(urlsplit(candidate.url).hostname or ""):
        session.proxies.update(get_environ_proxies(candidate.url))
    return session


def _readable(authorities: Path, faults: Faults) -> str:
    """The path of a file or folder of certificate authorities; raises `TeacherError` where there are none in it."""
    try:
        where = "capath" if authorities.is_dir() else "cafile"
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**{where: authorities})
    except OSError as error:
        raise faults.bad_authorities(authorities, error) from None
    return str(authorities)
