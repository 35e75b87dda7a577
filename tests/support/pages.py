"""Pages of the app under Streamlit's own test driver, opened as a browser would: the home page, then a link."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def open_page(
    page: str = "app.py", *, query: dict[str, str] | None = None, state: dict[str, object] | None = None
) -> AppTest:
    """A fresh visit to `page`.

    Args:
        query: parameters of its address.
        state: what the visit's session holds already.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in (state or {}).items():
        app.session_state[name] = value
    app.run()
    if page != "app.py":
        app.switch_page(page)
    for name, value in (query or {}).items():
        app.query_params[name] = value
    if page != "app.py" or query:
        app.run()
    return app


def texts(app: AppTest) -> str:
    """Everything a reader finds on the page, a piece a line."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "success", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def labels(app: AppTest, kind: str) -> list[str]:
    """The labels of all widgets of a kind, in the order of the page."""
    return [element.label for element in app.get(kind)]
