"""What can go wrong with a call, in words that help; nothing that a server says is shown before it is redacted."""

from __future__ import annotations

import html
import json
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests
import urllib3

from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.teachers.addresses import ALLOWED
from core.teachers.exchange import Bounds, Reply

REDACTED = "•••"
_SHOWN = 200  # characters of a server's own words
_MOST_TEXTS = 3  # of several errors at once
_SAYS = ("error", "errors", "detail", "message", "msg")  # where a server's JSON says what is wrong
_BROKEN_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)  # a connection that ended, not one that is no good
_BAD_PROXY = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,  # SOCKS, for which a package is needed
    urllib3.exceptions.ProxySchemeUnknown,
)


class Faults:
    """`TeacherError`s about one candidate; `key` is known only to keep it out of them."""

    def __init__(self, candidate: CandidateConfig, key: str | None) -> None:
        self._candidate = candidate
        self._secrets = _spellings(key) if key else []
        self._key_sent = key is not None

    def redacted(self, value: object) -> object:
        """`value`, as JSON gives it, with the key replaced in every text."""
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, REDACTED)
            return value
        if isinstance(value, list):
            return [self.redacted(item) for item in value] if self._secrets else value
        if isinstance(value, dict):
            return {self.redacted(name): self.redacted(item) for name, item in value.items()}
        return value

    def of_status(self, url: str, reply: Reply) -> TeacherError:
        """For a reply that is no answer, by its status."""
        status, said = reply.status, self._error_text(reply.body)
        if 300 <= status < 400:
            return self._moved(url, reply)
        if status in (401, 403):
            return self._refused(url, status, said)
        if status == 404:
            what = f"there is no {self._model} at {url}" if self._candidate.model else f"there is nothing at {url}"
            parts = "model's name and version" if self._candidate.model else "path"
            remedy = f"check the {parts}, and that the address is that of {self._server}"
        elif status == 413:
            what, remedy = f"{url} finds a request too large", "lower max_batch"
        elif status == 429:
            what = f"{url} limits how often it may be asked"
            remedy = "lower requests_per_minute or max_concurrency, then resume"
        elif status >= 500 or status in (408, 425):
            what, remedy = f"{url} fails", "look at the server's log, and resume once it works"
        else:
            what, remedy = f"{url} rejects the request", "check that the model takes what is sent"
        return self._fault(what, actual=_status(status, said), remedy=remedy)

    def of_network(self, url: str, error: Exception, bounds: Bounds) -> TeacherError:
        """For what `requests` or `urllib3` raised. Their own texts are not shown: they may quote the server."""
        causes = _causes(error)
        host = urlsplit(url).hostname

        def caused_by(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        if caused_by(ssl.SSLError, requests.exceptions.SSLError) and not caused_by(*_BROKEN_TLS):
            return self._insecure(url, causes)
        if caused_by(*_BAD_PROXY):
            return self._fault(
                f"the proxy on the way to {url} fails", remedy="check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
            )
        if caused_by(urllib3.exceptions.NameResolutionError):
            return self._fault(f"the host {host} is not known", remedy="check the address, and that you are online")
        if caused_by(requests.ConnectTimeout):
            return self._nobody(url, f"no connection within {bounds.connect:g} s")
        if caused_by(urllib3.exceptions.NewConnectionError):
            return self._nobody(url, "connection refused" if caused_by(ConnectionRefusedError) else "no connection")
        if caused_by(requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError):
            return self._fault(
                f"{url} does not answer in time",
                rule=f"an answer within {bounds.silence:g} s",
                remedy="raise the candidate's timeout or lower max_batch",
            )
        if caused_by(requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError):
            return self._fault(f"{url} is no usable address", remedy="correct the address")
        return self._fault(f"the connection to {url} broke off", remedy="look at the server's log, and resume")

    def too_slow(self, url: str, bounds: Bounds) -> TeacherError:
        return self._fault(
            f"{url} sends its answer too slowly",
            rule=f"a complete answer within {bounds.total:g} s",
            remedy="raise the candidate's timeout or lower max_batch",
        )

    def too_big(self, url: str, bounds: Bounds) -> TeacherError:
        return self._fault(
            f"the answer of {url} is too big",
            rule=f"at most {bounds.body / 2**20:g} MB",
            remedy=f"lower max_batch, and check that the address is that of {self._server}",
        )

    def not_json(self, url: str, body: bytes) -> TeacherError:
        page = ", and that no page for logging in stands before it" if body.lstrip().startswith(b"<") else ""
        return self._fault(
            f"the answer of {url} is not JSON",
            actual=repr(self._shown(body)[:60]),
            remedy=f"check that the address is that of {self._server}{page}",
        )

    def private_address(self, url: str) -> TeacherError:
        host = urlsplit(url).hostname
        return self._fault(
            f"{host} is inside a private network",
            rule="an address on the internet, since others use this app too",
            actual="a private, local or reserved one",
            remedy=f"give a public address, or have whoever runs this app add {host} to {ALLOWED}",
        )

    def bad_authorities(self, path: Path, error: OSError) -> TeacherError:
        return self._fault(
            "its certificate authorities cannot be read",
            rule="a PEM file of certificates",
            actual=f"{path}, {'which holds none' if isinstance(error, ssl.SSLError) else error.strerror}",
            remedy="correct the candidate's ca_file"
            if self._candidate.ca_file
            else "correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
        )

    def bad_key(self) -> TeacherError:
        return self._fault(
            "the key cannot be sent",
            rule="letters, digits and signs without blanks or line ends",
            actual="other characters, which are not shown",
            remedy=f"correct the key{self._key_source}",
        )

    def _insecure(self, url: str, causes: Sequence[BaseException]) -> TeacherError:
        what = f"the connection to {url} is not secure"
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return self._fault(
                    what,
                    actual=f"a certificate that is not accepted: {cause.verify_message.rstrip('.')}",
                    remedy="mend the server's certificate, or name its authority as the candidate's ca_file",
                )
        return self._fault(
            what,
            actual="no TLS, or none that is accepted",
            remedy="check that the server speaks https at this port, and mend its TLS",
        )

    def _moved(self, url: str, reply: Reply) -> TeacherError:
        try:
            target = urlsplit(str(self.redacted(reply.headers.get("Location", ""))))  # before a key is cut in parts
            host = f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else ""
        except ValueError:
            host = ""
        return self._fault(
            f"{url} sends us on elsewhere ({reply.status})",
            rule="an answer from the address itself, since a key must not reach another host",
            actual=self._text(host),
            remedy="give the address where the server really is",
        )

    def _refused(self, url: str, status: int, said: str) -> TeacherError:
        if self._key_sent:
            what, remedy = f"{url} refuses the key{self._key_source}", "check that key, and what it is allowed to do"
        elif self._candidate.key_env:
            what, remedy = f"{url} wants a key, and none was sent", f"set the variable {self._candidate.key_env}"
        else:
            what = f"{url} wants a key, and none was sent"
            remedy = "name the environment variable that holds it as the candidate's key_env"
        return self._fault(what, actual=_status(status, said), remedy=remedy)

    def _nobody(self, url: str, actual: str) -> TeacherError:
        return self._fault(
            f"nobody answers at {url}", actual=actual, remedy="start the server, or correct its address and port"
        )

    def _fault(self, what: str, *, remedy: str, rule: str = "", actual: str = "") -> TeacherError:
        return TeacherError(f"{self._candidate.name}: {what}", rule=rule, actual=actual, remedy=remedy)

    def words(self, body: bytes) -> str:
        """What a reply that is no answer says: its error text, else its beginning."""
        return self._error_text(body) or self._shown(body)

    def _error_text(self, body: bytes) -> str:
        """The error text of a JSON body, or nothing."""
        try:
            texts = _error_texts(json.loads(body))
        except (ValueError, RecursionError):
            return ""
        return self._text("; ".join(texts[:_MOST_TEXTS]))

    def _shown(self, body: bytes) -> str:
        return self._text(body.decode("utf-8", "replace"))

    def _text(self, text: str) -> str:
        """Redacted first and cut then, or half a key could stay; on one line, without control characters."""
        shown = " ".join("".join(c if c.isprintable() else " " for c in str(self.redacted(text))).split())
        return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"

    @property
    def _model(self) -> str:
        version = f", version {self._candidate.version!r}" if self._candidate.version else ""
        return f"model {self._candidate.model!r}{version}"

    @property
    def _server(self) -> str:
        """What an address should be of; below it, some protocols have a path of their own."""
        below = self._candidate.protocol in ("open_inference", "triton")
        doubled = below and "/v2" in urlsplit(self._candidate.url).path
        return "a model server, without /v2" if doubled else "a model server"

    @property
    def _key_source(self) -> str:
        return f" in {self._candidate.key_env}" if self._candidate.key_env else ""


def is_final(error: Exception) -> bool:
    """Whether the network's trouble would be the same next time: what is wrong is the address or the certificate."""
    broken = any(isinstance(cause, _BROKEN_TLS) for cause in _causes(error))
    return isinstance(error, (requests.exceptions.SSLError, ValueError)) and not broken


def _error_texts(said: object) -> list[str]:
    """The texts that an object of a server's JSON has under the first such name, alone, in lists or further down.

    As in Hugging Face's `{"error": ["..."]}` and FastAPI's `{"detail": [{"loc": ["body", "image"], "msg": "..."}]}`.
    """
    if isinstance(said, str):
        return [said] if said.strip() else []
    if isinstance(said, list):
        return [text for one in said for text in _error_texts(one)]
    if not isinstance(said, dict):
        return []
    where = said.get("loc")
    place = f"{'.'.join(str(step) for step in where)}: " if isinstance(where, list) and where else ""
    return next((texts for name in _SAYS if (texts := [place + text for text in _error_texts(said.get(name))])), [])


def _spellings(key: str) -> list[str]:
    """`key` as a server may quote it back in text, an address, HTML or JSON, longest first."""
    spellings = {key, quote(key, safe=""), html.escape(key), json.dumps(key)[1:-1], key.replace("/", "\\/")}
    return sorted(spellings, key=len, reverse=True)


def _status(status: int, said: str) -> str:
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    return f"{phrase}, it says: {said}" if said else phrase


def _causes(error: BaseException) -> list[BaseException]:
    """`error` and what it wraps, by `args`, `reason` or chaining, as `requests` and `urllib3` nest them."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found
