"""Servers that answer calls of this machine only."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.support.inference import InferenceServer


@pytest.fixture(scope="session")
def web_server() -> Iterator[HTTPServer]:
    """It handles each call in a thread of its own, so that one that hangs holds up no other."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def web(web_server: HTTPServer) -> HTTPServer:
    """A server that knows no address yet."""
    web_server.clear()
    return web_server


@pytest.fixture
def inference(web: HTTPServer) -> InferenceServer:
    return InferenceServer(web)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Set when the test is over, so that handlers which hang can end."""
    event = threading.Event()
    yield event
    event.set()
