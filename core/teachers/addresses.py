"""Whom a candidate's address may lead to: anybody, or nobody inside the network where others use this app too.

A name may lead to another machine each time that it is looked up, so what counts is who was really connected to,
looked at before anything is sent. Through a proxy that is the proxy, which whoever runs the app has named: there the
candidate's address is looked up here, where that can be done, and whom the proxy reaches is for the proxy to restrict.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from core.errors import InputError

SHARED = "AUDIT_SHARED"  # environment variable: others than this machine's users use the app
ALLOWED = "AUDIT_ALLOWED_HOSTS"  # environment variable: names, addresses and networks that may be asked even then
Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands in its last 32 bits


class PrivateAddress(Exception):
    """An address inside the network, of a candidate that may not have one."""


def is_shared(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether addresses and names of keys come from people who may not reach all that this machine reaches."""
    return environ.get(SHARED, "").strip() not in ("", "0")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def with_scheme(address: str) -> str:
    """`address` as it stands, else as people mean it: over https, if it is not this machine.

    >>> with_scheme("models.example.org/a"), with_scheme("localhost:8000")
    ('https://models.example.org/a', 'http://localhost:8000')
    """
    if "://" in address or not address:
        return address
    try:
        host = urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return address
    return f"{'http' if is_loopback(host) else 'https'}://{address}"


def is_private(address: Address) -> bool:
    """Whether an address is no machine's on the internet: loopback, private, link-local, reserved and their like."""
    inside = not address.is_global or address.is_multicast or address.is_reserved
    return inside or (isinstance(address, IPv6Address) and address.is_site_local)


def guarded(url: str, *, pool_maxsize: int, environ: Mapping[str, str] = os.environ) -> HTTPAdapter:
    """How to reach `url`, and nothing else that its name may lead to; raises `InputError` for a bad list of hosts."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if not is_shared(environ):
        return HTTPAdapter(pool_maxsize=pool_maxsize)
    names, networks = _allowed(environ.get(ALLOWED, ""))
    if host in names:
        return HTTPAdapter(pool_maxsize=pool_maxsize)
    return _GuardedAdapter(Guard(networks), pool_maxsize=pool_maxsize)


class Guard:
    """Lets the internet's addresses pass, and those in `networks`."""

    def __init__(self, networks: tuple[IPv4Network | IPv6Network, ...] = ()) -> None:
        self._networks = networks

    def check(self, peer: str) -> None:
        """Raises `PrivateAddress`; `peer` is an IP address."""
        address = _meant(ip_address(peer))
        if is_private(address) and not any(address in network for network in self._networks):
            raise PrivateAddress

    def look_up(self, host: str, port: int) -> None:
        """The same for all that `host` is now; nothing where it cannot be found, which is reported elsewhere.

        Beside the look at who was connected to: ports inside the network are not even knocked at.
        """
        found = []
        with suppress(OSError, UnicodeError):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, peer in found:
            self.check(peer[0])


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, guard: Guard, *, pool_maxsize: int) -> None:
        self._guard = guard
        super().__init__(pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _guarded(HTTPConnectionPool, self._guard),
            "https": _guarded(HTTPSConnectionPool, self._guard),
        }

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        address = urlsplit(request.url)
        self._guard.look_up(address.hostname, address.port or (443 if address.scheme == "https" else 80))
        return super().send(request, *args, **kwargs)


class _GuardedConnection:
    """A connection that looks at whom it reached before TLS or HTTP say a word."""

    guard: Guard

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        try:
            self.guard.check(connection.getpeername()[0])
        except BaseException:
            connection.close()
            raise
        return connection


def _guarded(pool: type[HTTPConnectionPool], guard: Guard) -> type[HTTPConnectionPool]:
    connection = type("GuardedConnection", (_GuardedConnection, pool.ConnectionCls), {"guard": guard})
    return type("GuardedPool", (pool,), {"ConnectionCls": connection})


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _allowed(listed: str) -> tuple[frozenset[str], tuple[IPv4Network | IPv6Network, ...]]:
    """Host names and networks of a list with commas between."""
    names, networks = set(), []
    for entry in filter(None, (entry.strip().lower() for entry in listed.split(","))):
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?", entry):
                raise InputError(
                    f"the variable {ALLOWED} is of no use",
                    rule="host names, IP addresses and networks such as 10.0.0.0/8, with commas between",
                    actual=repr(entry[:80]),
                    remedy="correct it, and start the app again",
                ) from None
            names.add(entry.rstrip("."))
    return frozenset(names), tuple(networks)
