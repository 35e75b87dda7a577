"""Whether others than this machine's users can reach the app, and what follows for whom it asks."""

from __future__ import annotations

import os
from ipaddress import ip_address

import streamlit as st

from core.teachers.addresses import SHARED


def protect_the_network() -> None:
    """Where others can reach the app, tell the process and its workers; an `AUDIT_SHARED` that is set stays."""
    if not _is_loopback(st.get_option("server.address")):
        os.environ.setdefault(SHARED, "1")


def _is_loopback(address: str | None) -> bool:
    """Of the address that is listened at; None is all that the machine has."""
    try:
        return ip_address(address or "0.0.0.0").is_loopback
    except ValueError:
        return address == "localhost"
