"""Where the app listens decides whom it may ask."""

from __future__ import annotations

import os

import pytest

from core.teachers.addresses import SHARED
from core.ui import sharing


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", None),
        ("localhost", None),
        ("::1", None),
        ("0.0.0.0", "1"),
        ("::", "1"),
        (None, "1"),
        ("192.168.1.5", "1"),
        ("audit.example", "1"),
        ("unix:///run/audit.sock", "1"),
    ],
)
def test_who_can_reach_it(monkeypatch: pytest.MonkeyPatch, address: str | None, expected: str | None) -> None:
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.setattr(sharing.st, "get_option", {"server.address": address}.get)
    sharing.protect_the_network()
    assert os.environ.pop(SHARED, None) == expected


def test_what_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, "0")
    monkeypatch.setattr(sharing.st, "get_option", {"server.address": "0.0.0.0"}.get)
    sharing.protect_the_network()
    assert os.environ[SHARED] == "0"
