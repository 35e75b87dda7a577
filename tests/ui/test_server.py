"""The middleware that tells pages where their server is: pages get it, everything else passes as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route

from core.ui.server import WHERE, TellWhere
from tests.support.serving import serving

PAGE = "<html><head><title>x</title></head><body>ä</body></html>"


@pytest.fixture
def url() -> Iterator[str]:
    def pieces() -> Iterator[bytes]:
        yield from (bytes([byte]) for byte in PAGE.encode())

    routes = [
        Route("/page", lambda request: HTMLResponse(PAGE)),
        Route("/pieces", lambda request: StreamingResponse(pieces(), media_type="text/html")),
        Route("/missing", lambda request: HTMLResponse(PAGE, 404)),
        Route("/json", lambda request: JSONResponse({"html": "<head>"})),
        Route("/post", lambda request: HTMLResponse(PAGE), methods=["POST"]),
    ]
    with serving(TellWhere(Starlette(routes=routes))) as address:
        yield address


@pytest.mark.parametrize("path", ["page", "pieces"])
def test_pages_are_told(url: str, path: str) -> None:
    page = requests.get(f"{url}/{path}", timeout=10)
    assert page.content == PAGE.encode().replace(b"<head>", WHERE)


def test_everything_else_is_left_as_it_is(url: str) -> None:
    assert requests.get(f"{url}/missing", timeout=10).content == PAGE.encode()
    assert requests.get(f"{url}/json", timeout=10).json() == {"html": "<head>"}
    assert requests.post(f"{url}/post", timeout=10).content == PAGE.encode()
