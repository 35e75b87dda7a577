"""Calls through a `Transport` to a server that says what a test wants, and all that an error could show."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.teachers.transport import Retry, Transport

PATH = "v2/models/m"
ONCE = Retry(attempts=1)
OK = Response('{"fine": true}')


def post(transport: Transport, *, on_attempt: Callable[[], None] = lambda: None) -> object:
    return transport.post(PATH, b'{"x":1}', on_attempt=on_attempt)


def replies(web: HTTPServer, *given: Response) -> list[Request]:
    """Make `web` give these one after the other, the last for ever; what it was asked is in the list."""
    asked: list[Request] = []

    def handler(request: Request) -> Response:
        asked.append(request)
        return given[min(len(asked), len(given)) - 1]

    web.expect_request(f"/{PATH}").respond_with_handler(handler)
    return asked


def shown(error: BaseException) -> str:
    """All that a log, a page or a pickle could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(pickle.dumps(error))
