"""What people paste as a server's address: a model's, an operation's or a page's, read as what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from core.candidates import CandidateConfig
from core.config import validated
from core.errors import InputError
from core.teachers.addresses import with_scheme

# What may stand behind a server's own path, by protocol
_BEYOND = (
    r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(/(infer|ready|config|stats))?",
    r"/v2(/models|/repository/index|/health/(live|ready))?",
    r"/v1/models/(?P<model>[^/:]+)(/versions/(?P<version>[^/:]+))?(/metadata|:(predict|classify))?",
    r"/v1(/models|/config)?",
    r"/predictions/(?P<model>[^/]+)(/(?P<version>[^/]+))?",
    r"/(ping|api-description|health|healthz|livez|readyz|info|docs|redoc|openapi\.json|docs\.json)",
)
_ROUTER = "https://router.huggingface.co/hf-inference"
_ROUTER_HOSTS = ("router.huggingface.co", "api-inference.huggingface.co")
_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_ENDPOINT = ".endpoints.huggingface.cloud"
_ROUTED = re.compile(r"(/hf-inference)?/models/(?P<model>[^/]+(/[^/]+)?)(/pipeline/[^/]+)?")
_CARD = re.compile(r"/(?!(?:datasets|spaces|docs|api|blog|papers|collections)/)(?P<model>[^/]+/[^/]+)")


@dataclass(frozen=True)
class Address:
    """Where a server is, and what else its address told.

    Attributes:
        url: of the server.
        hugging_face: it is one of theirs, which its host's name tells.
        guessed: its https is; nobody wrote it.
        root: of its host, where `url` has a path that no protocol knows; such a path may be an operation's.
    """

    url: str
    model: str | None = None
    version: str | None = None
    hugging_face: bool = False
    guessed: bool = False
    root: str | None = None


def read_address(text: str) -> Address:
    """Raises `InputError` for what can be no address."""
    text = text.strip().partition("#")[0]
    bare = "://" not in text
    try:
        parts = urlsplit(with_scheme(text))
        host = (parts.hostname or "").lower()
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), ""
    if not host:
        raise InputError(
            "this is no address of a server", rule="one like http://host:8000", remedy="give the server's address"
        )
    checked = validated(CandidateConfig, {"name": "server", "protocol": "hugging_face", "url": parts.geturl()})
    parts = urlsplit(checked.url)
    if host in _ROUTER_HOSTS:
        found = _ROUTED.fullmatch(parts.path)
        return Address(_ROUTER, _named(found, "model"), hugging_face=True)
    if host in _HUB_HOSTS and (found := _CARD.fullmatch(parts.path)):
        return Address(_ROUTER, _named(found, "model"), hugging_face=True)
    if host.endswith(_ENDPOINT):
        return Address(checked.url, hugging_face=True)
    return _of_server(parts, guessed=bare and parts.scheme == "https")


def _of_server(parts: SplitResult, *, guessed: bool) -> Address:
    for pattern in _BEYOND:
        if found := re.search(f"{pattern}$", parts.path):
            url = parts._replace(path=parts.path[: found.start()]).geturl()
            return Address(url, _named(found, "model"), _named(found, "version"), guessed=guessed)
    root = parts._replace(path="").geturl() if parts.path else None
    return Address(parts.geturl(), root=root, guessed=guessed)


def _named(found: re.Match[str] | None, group: str) -> str | None:
    named = found.groupdict().get(group) if found else None
    return unquote(named) if named else None
