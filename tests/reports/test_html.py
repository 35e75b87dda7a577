"""The report stands alone, shows strangers' text as text, and can be read without seeing the charts."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

import pytest
from PIL import Image

from core.config import SYNTHESISED
from core.quantities import number
from core.reports.html import html_report
from core.reports.summary import WEAKER
from core.runs.folder import RunFolder
from tests.support.answers import CANDIDATES
from tests.support.runs import make_run

HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "</svg></style><b>",
    "https://evil.example/a.js", "' onload='alert(1)",
)  # fmt: skip
LOADING = ("src", "href", "xlink:href", "action", "data", "poster", "srcset", "background")
VOID = ("meta", "img", "br", "link")


class Page(HTMLParser):
    """Tags with their attributes, the text, and whether every tag is closed in turn."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(folder: RunFolder) -> str:
    results = folder.results()
    assert results
    return html_report(folder, results)


def test_it_stands_alone() -> None:
    source = report(make_run("done", urls=True, candidates=HOSTILE))
    page = Page(source)
    loaded = [value for _, attributes in page.tags for name, value in attributes.items() if name in LOADING]
    assert len(loaded) == 1 and loaded[0] and loaded[0].startswith("data:image/png;base64,")
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "embed", "base", "form")]
    style = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in style and "@import" not in style
    policy = [meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy and policy[0] and policy[0].startswith("default-src 'none'")


@pytest.mark.parametrize("name", HOSTILE)
def test_strangers_text_is_text(name: str) -> None:
    folder = make_run("done", name=name, candidates=(name, *CANDIDATES[1:]), student=name.replace("/", "_"))
    page = Page(report(folder))
    assert name in "".join(page.text)
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in Page(report(make_run("done"))).tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]


def test_everything_found_is_in_it() -> None:
    folder = make_run("done")
    results = folder.results()
    assert results
    text = " ".join("".join(Page(report(folder)).text).split())
    assert results.verdict.sentence in text and results.verdict.why in text
    assert all(step in text for step in results.verdict.stronger)
    for entry in results.ranking:
        for found in entry.scores.values():
            assert number(found.value) in text
    assert results.student.sha256 in text and results.run in text
    assert f"{results.queries.sent:,}" in text
    assert all(version in text for version in results.versions.values())


def test_each_chart_has_its_words() -> None:
    results = (folder := make_run("done")).results()
    charts = [svg["aria-label"] for svg in Page(report(folder)).of("svg")]
    assert results and len(charts) == 3
    places = [str(charts[0]).index(entry.candidate) for entry in results.ranking]
    assert places == sorted(places)
    noise, pyramids = (baseline.ranking[0].candidate for baseline in results.baselines)
    assert charts[1:] == [f"White noise: {noise} is first", f"Structured random images: {pyramids} is first"]


def test_the_contact_sheet_is_a_picture() -> None:
    (image,) = Page(report(make_run("done"))).of("img")
    picture = Image.open(io.BytesIO(base64.b64decode(str(image["src"]).split(",")[1])))
    assert picture.format == "PNG" and picture.width > 8 * 28 and image["alt"]


def test_without_kept_probes_there_is_no_sheet() -> None:
    folder = make_run("done")
    (folder.path / "probes" / f"{SYNTHESISED}.safetensors").unlink()
    assert Page(report(folder)).of("img") == []


def test_failed_checks_are_not_hidden() -> None:
    text = "".join(Page(report(make_run("done", problems=("only 31 % on target",)))).text)
    assert "failed their check" in text and "only 31 % on target" in text
    assert "passed their check" not in text


def test_weaker_evidence_is_marked() -> None:
    folder = make_run("done")
    assert WEAKER not in report(folder)
    results = folder.results()
    verdict = results.verdict.model_copy(update={"caution": "It has <b>no</b> BatchNorm."})
    text = "".join(Page(html_report(folder, results.model_copy(update={"verdict": verdict}))).text)
    assert WEAKER in text and "It has <b>no</b> BatchNorm." in text


@pytest.mark.parametrize("candidates", [CANDIDATES[:1], CANDIDATES[:2]])
def test_few_candidates(candidates: tuple[str, ...]) -> None:
    text = "".join(Page(report(make_run("done", candidates=candidates))).text)
    assert all(name in text for name in candidates)
