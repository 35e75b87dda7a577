"""What every page begins with: its settings, the sidebar, and errors that stay calm."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from core.errors import AuditError, InputError
from core.runs.folder import RunFolder
from core.ui.runs.listing import active_runs
from core.ui.sharing import protect_the_network
from core.ui.text import plain

HOME, SETUP, RUN, RESULTS, HISTORY, BENCHMARK, GUIDE = (
    "app.py",
    "pages/setup.py",
    "pages/run.py",
    "pages/results.py",
    "pages/history.py",
    "pages/benchmark.py",
    "pages/guide.py",
)
ICONS = Path(__file__).parents[2] / "assets" / "icons"
OPENINGS = (
    "a",
    "an",
    "candidate",
    "no",
    "student",
    "the",
    "there",
    "this",
    "two",
)  # of clauses; other first words may be names of files
SHOWN = 5  # audits that go on, in the sidebar
REFRESH = 3.0  # seconds between two looks at the audits that are going on

log = logging.getLogger(__name__)


def frame(title: str, *, run: str | None = None) -> None:
    """Set the page up and draw the sidebar; the first call of every page.

    Args:
        title: the page's name, shown in the browser's tab.
        run: the run this page is about; from then on the sidebar of this visit links to it.
    """
    protect_the_network()
    # A Material icon here would be fetched from a server of Google's, so the tab shows a file.
    st.set_page_config(page_title=f"{title} · Distillation Audit", page_icon=str(ICONS / "icon.png"), layout="wide")
    st.logo(str(ICONS / "logo.svg"), size="large", icon_image=str(ICONS / "icon.png"))
    if run is not None:
        st.session_state["frame_run"] = run
    with st.sidebar:
        st.page_link(HOME, label="Home", icon=":material/home:")
        st.page_link(SETUP, label="New audit", icon=":material/add_circle:")
        st.page_link(HISTORY, label="History", icon=":material/history:")
        st.page_link(BENCHMARK, label="Benchmark", icon=":material/analytics:")
        st.page_link(GUIDE, label="Guide", icon=":material/menu_book:")
        _run_links()
        st.fragment(_going_on, run_every=REFRESH if active_runs() else None)()


def opened_run(title: str) -> RunFolder:
    """The run that the address names; where there is none, the page `title` says so, shows ways on, and stops."""
    run = st.query_params.get("run")
    if run is None:
        st.title(title)
        st.info("No audit is open. Start one on the home page, or choose one from the history.", icon=":material/info:")
    else:
        try:
            return RunFolder.open(run)
        except InputError as error:
            show_error(error)
    with st.container(horizontal=True):
        st.page_link(HOME, label="Home", icon=":material/home:")
        st.page_link(HISTORY, label="History", icon=":material/history:")
    st.stop()


@contextmanager
def guarded() -> Iterator[None]:
    """Turn an `AuditError` into what is wrong and what to do, anything else into an apology and a log entry."""
    try:
        yield
    except AuditError as error:
        show_error(error)
    except Exception:
        log.exception("a page failed")
        st.error(
            "Something unexpected went wrong on this page. Nothing that was saved is lost: reload the page, "
            "and look into the app's log if it comes back.",
            icon=":material/error:",
        )


def show_error(error: AuditError) -> None:
    """What is wrong, with rule and actual value, and the remedy beneath it."""
    facts = [f"expected {error.rule}"] if error.rule else []
    facts += [f"got {error.actual}"] if error.actual else []
    detail = f" ({', '.join(facts)})" if facts else ""
    what = sentence(error.what + detail)
    remedy = f"{error.remedy[:1].upper()}{error.remedy[1:].rstrip('.')}."
    st.error(f"**{plain(what)}**\n\n{plain(remedy)}", icon=":material/error:")


def sentence(text: str) -> str:
    """`text` with a full stop, and a capital where it does not begin with somebody's name."""
    first = text.partition(" ")[0]
    opening = first.capitalize() if first in OPENINGS else first
    return f"{opening}{text[len(first) :].rstrip('.')}."


def _run_links() -> None:
    run = st.session_state.get("frame_run")
    try:
        RunFolder.open(run or "")
    except InputError:  # none opened yet, or deleted meanwhile
        return
    st.caption("This audit")
    st.page_link(RUN, label="Progress", icon=":material/monitoring:", query_params={"run": run})
    st.page_link(RESULTS, label="Results", icon=":material/leaderboard:", query_params={"run": run})


def _going_on() -> None:
    active = active_runs()
    if not active:
        return
    st.caption("Going on now")
    for row in active[:SHOWN]:
        running = row.status == "running"
        icon = ":material/progress_activity:" if running else ":material/hourglass_empty:"
        how_far = f"{row.state.progress:.0%}" if running else "waiting"
        label = f"{plain(row.manifest.config.name)} · {how_far}"
        st.page_link(RUN, label=label, icon=icon, query_params={"run": row.folder.run})
    if len(active) > SHOWN:
        st.caption(f"and {len(active) - SHOWN} more in line")
