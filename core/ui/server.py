"""The app as a server: what `launch.py` starts, and `python -m streamlit run core/ui/server.py` too.

`streamlit run app.py` serves the same pages. This one also tells each page where the server is. Streamlit's
front end otherwise takes the address of a deep link, such as `/run?run=...`, for a folder that the app may be
served from, looks for the server there first, and leaves failed requests in the browser's console.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import core.ui.benchmark.sections
import core.ui.setup.start  # noqa: F401  # these two bring plotly and pandas, which a first visit would wait for

HOME = Path(__file__).parents[2] / "app.py"
WHERE = b"<head><script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin}</script>"


class TellWhere:
    """ASGI middleware that puts the server's address into the head of every HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        page = bytearray()

        async def rewritten(message: Message) -> None:
            """Holds a page back until it is whole; lets anything else pass."""
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                page.extend(message.get("body", b""))
                if not message.get("more_body"):
                    body = bytes(page).replace(b"<head>", WHERE, 1)
                    MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                    await send(start)
                    await send({"type": "http.response.body", "body": body})

        # A compressed page could not be rewritten
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self._app(scope | {"headers": plain}, receive, rewritten)


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and MutableHeaders(scope=start).get("Content-Type", "").startswith("text/html")


app = st.App(HOME, middleware=[Middleware(TellWhere)])
