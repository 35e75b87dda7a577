"""The Run page in every state of a run, and at the change from one to the next."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.runs.live
import core.ui.runs.resume
from core.config import SYNTHESISED
from core.events import PHASES, Phase, ProbesChecked
from core.runs.folder import RunFolder
from core.runs.records import ErrorReport, ShownStatus
from core.synthesis.settings import PyramidsConfig
from core.ui.words import STATUSES
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run, probe_check

RUN = "pages/run.py"


def open_run(folder: RunFolder) -> AppTest:
    app = open_page(RUN, query={"run": folder.run})
    assert not app.exception
    return app


def charts(app: AppTest) -> dict[str, dict[str, object]]:
    """The charts by title."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return {spec["layout"]["title"]["text"]: spec for spec in specs}


def badges(app: AppTest) -> list[str]:
    return [str(m.value) for m in app.markdown if "-badge[" in str(m.value)]


def test_without_a_run_it_shows_the_ways_on() -> None:
    app = open_page(RUN)
    assert not app.exception and "No audit is open" in texts(app)
    assert "History" in labels(app, "page_link")


@pytest.mark.parametrize("run", ["0" * 32, "../../etc/passwd", "<script>"])
def test_an_unknown_run_is_an_error_with_ways_on(run: str) -> None:
    app = open_page(RUN, query={"run": run})
    assert not app.exception and "There is no run" in app.error[0].value


@pytest.mark.parametrize("status", list(STATUSES))
def test_each_state_has_its_badge_and_its_controls(status: str) -> None:
    app = open_run(make_run(status, name="The one"))
    assert app.title[0].value == "The one"
    assert any(STATUSES[status].label in badge for badge in badges(app))
    buttons = labels(app, "button")
    assert ("Stop the audit" in buttons) == (status in ("queued", "running"))
    assert ("Resume" in buttons) == (status in ("failed", "cancelled", "interrupted"))
    assert ("Delete for good" in buttons) == (status in ("failed", "cancelled", "interrupted"))
    assert ("Open the results" in buttons) == (status == "done")


@pytest.mark.parametrize("phase", PHASES)
def test_each_phase_shows_what_there_is_so_far(phase: Phase) -> None:
    app = open_run(make_run("running", phase=phase))
    place = PHASES.index(phase)
    assert ("Loss of the synthesis" in charts(app)) == (place >= PHASES.index("synthesise"))
    assert len(app.get("image") or app.get("imgs")) == (place >= PHASES.index("synthesise"))
    assert any(title.startswith("Ranking on") for title in charts(app)) == (place >= PHASES.index("ask"))
    steps = [
        m.value for m in app.markdown if m.value.startswith((":green[", ":blue[", ":gray[")) and ":small[" in m.value
    ]
    assert [step.split("[")[0] for step in steps] == [":green"] * place + [":blue"] + [":gray"] * (5 - place)


def test_bars_are_those_of_the_answers_so_far() -> None:
    folder = make_run("running", phase="ask")
    events = [json.loads(line) for line in (folder.path / "events.jsonl").read_text().splitlines()]
    latest = [event for event in events if event["kind"] == "ranked"][-1]
    chart = charts(open_run(folder))[f"Ranking on {latest['probes']} answered probes"]
    drawn = [x for trace in chart["data"] for x in trace["x"]]
    assert drawn == pytest.approx([entry["score"] for entry in latest["ranking"]])
    assert chart["layout"]["uirevision"] == folder.run


def test_queries_sent_known_and_planned() -> None:
    folder = make_run("running", phase="ask")
    state = folder.state()
    metrics = {metric.label: metric.value for metric in open_run(folder).metric}
    assert metrics == {"Sent": f"{state.sent:,}", "Known": f"{state.cached:,}", "Planned": "1,812"}


def test_before_any_answer_the_plan_comes_from_the_settings() -> None:
    app = open_run(make_run("running", phase="load", urls=True, candidates=("a", "b"), probes=7))
    assert {metric.label: metric.value for metric in app.metric}[
        "Planned"
    ] == "46"  # 2 candidates, 7 probes, 3 sets, 2 test images


def test_a_waiting_run_names_its_place() -> None:
    make_run("running")
    make_run("queued")
    third = make_run("queued")
    third.write_state(third.state().model_copy(update={"queued": third.state().queued + 1}))
    assert "3rd in line: 2 audits are before this one" in [bar.proto.text for bar in open_run(third).get("progress")]


@pytest.mark.parametrize(
    ("phase", "eta", "words"),
    [
        (None, None, "starting up"),
        ("load", None, "estimating the time left"),
        ("synthesise", 24.0, "about 25 seconds left"),
    ],
)
def test_time_left_in_plain_words(phase: Phase | None, eta: float | None, words: str) -> None:
    folder = make_run("running", phase="synthesise")
    folder.write_state(folder.state().model_copy(update={"phase": phase, "eta": eta, "progress": 0.4}))
    (bar,) = open_run(folder).get("progress")
    assert bar.proto.text == f"40% · {words}" and bar.proto.value == 40


def test_cancel_asks_first_then_says_that_it_stops() -> None:
    folder = make_run("running")
    app = open_run(folder)
    assert not folder.cancel_requested()
    app.button(key="cancel_run").click().run()
    assert folder.cancel_requested()
    assert app.button(key="cancel_run").label == "Stopping" and app.button(key="cancel_run").disabled


def test_a_failure_names_its_remedy() -> None:
    error = ErrorReport(what="the *server* is gone", rule="an answer", actual="<b>silence</b>", remedy="start it again")
    (shown,) = open_run(make_run("failed", error=error)).error
    assert "The \\*server\\* is gone (expected an answer, got \\<b\\>silence\\</b\\>)." in shown.value
    assert "Start it again." in shown.value


def test_resume_and_delete_from_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str] = []
    monkeypatch.setattr(core.ui.runs.resume, "resume_run", lambda folder, keys: resumed.append(folder.run))
    folder = make_run("interrupted")
    app = open_run(folder)
    app.button(key="run_page_resume").click().run()
    assert resumed == [folder.run]
    open_run(folder).button(key=f"delete_{folder.run}").click().run()
    assert not folder.path.exists()


def test_a_link_to_a_finished_run_stays_on_its_page() -> None:
    folder = make_run("done")
    app = open_run(folder)
    assert "Open the results" in labels(app, "button")
    app.run()
    assert "Open the results" in labels(app, "button")
    app.button(key="open_results").click().run()
    assert not app.exception and any("Verdict" in badge for badge in badges(app))


@pytest.fixture
def drawn_before(monkeypatch: pytest.MonkeyPatch) -> list[ShownStatus]:
    """Statuses for which the page was drawn before its next ticks, as the browser's timer would call them."""
    drawn: list[ShownStatus] = []
    live_view = core.ui.runs.live.live_view

    def tick(folder: RunFolder) -> None:
        if drawn:
            core.ui.runs.live._tick(folder, drawn.pop(0))
        else:
            live_view(folder)

    monkeypatch.setattr(core.ui.runs.live, "live_view", tick)
    return drawn


@pytest.mark.parametrize("before", ["queued", "running"])
def test_a_run_that_ends_while_it_is_watched_leads_to_its_results(
    before: ShownStatus, drawn_before: list[ShownStatus]
) -> None:
    folder = make_run("done")
    drawn_before.append(before)
    app = open_run(folder)
    assert any("Verdict" in badge for badge in badges(app)) and folder.run in app.query_params["run"]


@pytest.mark.parametrize(
    ("before", "after"), [("running", "failed"), ("queued", "running"), ("running", "interrupted")]
)
def test_any_other_change_draws_the_page_anew(
    before: ShownStatus, after: ShownStatus, drawn_before: list[ShownStatus]
) -> None:
    folder = make_run(after)
    drawn_before.append(before)
    app = open_run(folder)
    assert drawn_before == []
    assert any(STATUSES[after].label in badge for badge in badges(app))
    assert ("Resume" in labels(app, "button")) == (after != "running")


def test_a_state_that_cannot_be_read_is_a_failure_with_a_remedy() -> None:
    folder = make_run("running")
    (folder.path / "state.json").write_text("{")
    (shown,) = open_run(folder).error
    assert "state cannot be read" in shown.value and "Resume the run, or delete it" in shown.value


def test_a_run_of_another_version_is_an_error_not_a_crash() -> None:
    folder = make_run("done")
    (folder.path / "manifest.json").write_text("{}")
    app = open_page(RUN, query={"run": folder.run})
    assert not app.exception and len(app.error) == 1


HOSTILE = "<b>*x*</b> $y$ :red[z]"


def test_names_are_shown_as_they_are() -> None:
    app = open_run(make_run("running", name=HOSTILE, candidates=(HOSTILE, "b", "c"), phase="score"))
    assert "\\<b\\>\\*x\\*\\</b\\> \\$y\\$ :\u2060red\\[z\\]" in app.title[0].value
    assert HOSTILE not in texts(app)


def test_the_link_carries_the_run() -> None:
    folder = make_run("running")
    assert any(code.value.endswith(f"?run={folder.run}") for code in open_run(folder).code)


def test_before_the_synthesis_it_says_where_images_will_be() -> None:
    folder = make_run("queued")
    assert "first images appear here" in texts(open_run(folder))


def test_what_is_not_optimised_has_no_loss_and_no_target() -> None:
    folder = make_run("running", phase="load")
    manifest = folder.manifest()
    drawn = manifest.config.model_copy(update={"synthesis": PyramidsConfig()})
    (folder.path / "manifest.json").write_text(manifest.model_copy(update={"config": drawn}).model_dump_json())
    check = probe_check(100).model_copy(update={"on_target": None})
    folder.append_event(ProbesChecked(probe_set=SYNTHESISED, check=check).model_dump(mode="json"))
    app = open_run(folder)
    assert "Loss of the synthesis" not in charts(app)
    assert "Nothing is optimised here." in [caption.value for caption in app.caption]
    assert any(markdown.value.endswith("The probes passed their check.") for markdown in app.markdown)
