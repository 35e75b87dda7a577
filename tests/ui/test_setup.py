"""Setup: how much it takes, what is missing, and that what was chosen is what starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.setup.start
import core.ui.setup.student_check
import core.ui.setup.student_form
from core.config import AuditConfig, StudentConfig
from core.errors import InputError
from core.runs.folder import RunFolder
from core.students.inspection import Inspection
from core.synthesis.settings import GeneratorConfig, SelectionConfig, WhiteNoiseConfig
from core.zoo.cards import demo_candidates
from tests.support.pages import open_page, texts
from tests.support.runs import make_run
from tests.support.setup import CANDIDATES, IMAGENET_LIKE, rows_of, safetensors, shapes_of, silent, summary_of

SETUP = "pages/setup.py"
DEMO = {"setup_source": "demo", "setup_demo": "amber", "setup_serve": "demo"}
START = "Start the audit"
WEIGHT = {"weight": (3, 4)}  # of no architecture
SQUEEZENET = "torchvision:squeezenet1_1"


@dataclass
class Outside:
    """What the page did to the world: its double stands in for worker and subprocess."""

    started: list[tuple[AuditConfig, dict[str, str]]] = field(default_factory=list)
    inspected: list[StudentConfig] = field(default_factory=list)
    refusal: InputError | None = None  # of the check, if it is to fail

    def start(self, config: AuditConfig, keys: Mapping[str, str]) -> RunFolder:
        self.started.append((config, dict(keys)))
        return make_run("queued", name=config.name)

    def inspect(self, config: StudentConfig) -> Inspection:
        self.inspected.append(config)
        return Inspection(error=self.refusal) if self.refusal else Inspection(summary=summary_of(config))


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    double = Outside()
    monkeypatch.setattr(core.ui.setup.start, "start_run", double.start)
    monkeypatch.setattr(core.ui.setup.student_check, "inspect_checkpoint", double.inspect)
    names = ["zoo:convnet4", "zoo:resnet8", "torchvision:resnet18", SQUEEZENET]
    monkeypatch.setattr(core.ui.setup.student_form, "architectures", lambda: names)
    return double


def button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def started(app: AppTest, outside: Outside) -> tuple[AuditConfig, dict[str, str]]:
    assert not button(app, START).disabled, texts(app)
    button(app, START).click().run()
    if not outside.started:  # own candidates: it says what goes where, and asks
        button(app, "Send them and start").click().run()
    return outside.started[-1]


def field_of(app: AppTest, kind: str, label: str):
    return next(element for element in app.get(kind) if element.label == label)


# What is missing


def test_an_empty_page_says_what_is_missing() -> None:
    app = open_page(SETUP)
    assert not app.exception and not app.error
    assert "choose the student's checkpoint" in texts(app) and "name at least one candidate" in texts(app)
    assert button(app, START).disabled


def test_demo_student_and_demo_candidates_are_enough(outside: Outside) -> None:
    app = open_page(SETUP, state=DEMO)
    config, keys = started(app, outside)
    assert (config.student.checkpoint.stem, config.serve, config.candidates, keys) == ("amber", "demo", (), {})
    assert config.name == "Audit of amber"
    assert app.query_params["run"]


def test_a_student_that_fails_its_check_is_not_started(outside: Outside) -> None:
    outside.refusal = InputError("the weights are truncated", remedy="copy the file again")
    app = open_page(SETUP, state=DEMO)
    button(app, START).click().run()
    assert outside.started == []
    assert "The weights are truncated" in app.error[0].value and "Copy the file again" in app.error[0].value
    app.run()
    assert button(app, START).disabled and "did not pass its check" in texts(app)


def test_the_check_shows_what_was_recognised_and_is_not_repeated(outside: Outside) -> None:
    app = open_page(SETUP, state=DEMO)
    button(app, "Check the student").click().run()
    assert "The student loads and answers" in texts(app)
    assert "1 × 28 × 28" in texts(app) and "49,586" in texts(app)
    started(app, outside)
    assert len(outside.inspected) == 1


# The student


def test_an_upload_is_copied_and_recognised(tmp_path: Path, outside: Outside) -> None:
    data = safetensors(tmp_path / "own.safetensors").read_bytes()
    app = open_page(SETUP, state={"setup_serve": "demo"})
    app.file_uploader(key="setup_upload").set_value(("mine.safetensors", data, "")).run()
    assert field_of(app, "selectbox", "Architecture").value == "zoo:resnet8"
    config, _ = started(app, outside)
    assert config.name == "Audit of mine"
    assert config.student.checkpoint.read_bytes() == data
    assert (config.student.num_classes, config.student.class_names) == (3, ("a", "b", "c"))
    assert config.student.input == IMAGENET_LIKE


def test_an_upload_outlives_another_page(tmp_path: Path, outside: Outside) -> None:
    data = safetensors(tmp_path / "own.safetensors").read_bytes()
    app = open_page(SETUP, state={"setup_serve": "demo"})
    app.file_uploader(key="setup_upload").set_value(("mine.safetensors", data, "")).run()
    app.switch_page("pages/guide.py").run()
    app.switch_page(SETUP).run()
    assert "**mine.safetensors**, uploaded before" in texts(app)
    assert started(app, outside)[0].student.checkpoint.read_bytes() == data


def test_a_damaged_upload_is_explained() -> None:
    app = open_page(SETUP, state={"setup_serve": "demo"})
    app.file_uploader(key="setup_upload").set_value(("bad.safetensors", b"\xff" * 64, "")).run()
    assert "bad.safetensors" in app.error[0].value
    assert not app.exception and button(app, START).disabled


@pytest.mark.parametrize(
    ("preset", "mean", "std"),
    [
        ("none", (0, 0, 0), (1, 1, 1)),
        ("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("symmetric", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_a_silent_file_needs_architecture_and_normalisation(
    preset: str, mean: tuple[float, ...], std: tuple[float, ...], outside: Outside
) -> None:
    app = open_page(SETUP, state={"setup_serve": "demo"})
    app.file_uploader(key="setup_upload").set_value(("weights.safetensors", silent(WEIGHT), "")).run()
    assert "choose the student's architecture" in texts(app)
    field_of(app, "selectbox", "Architecture").set_value("torchvision:resnet18").run()
    assert "choose the student's normalisation" in texts(app)
    field_of(app, "selectbox", "Normalisation").set_value(preset).run()
    student = started(app, outside)[0].student
    assert student.architecture == "torchvision:resnet18" and student.num_classes is None
    assert (student.input.mean, student.input.std) == (mean, std)


def test_an_unnamed_file_is_recognised_by_its_tensors(outside: Outside) -> None:
    app = open_page(SETUP, state={"setup_serve": "demo"})
    student = silent({f"module.{name}": shape for name, shape in shapes_of(SQUEEZENET, classes=7).items()})
    app.file_uploader(key="setup_upload").set_value(("who.safetensors", student, "")).run()
    assert "squeezenet1\\_1**, 50 of whose 52 tensors match, a head of 7 classes" in texts(app)
    assert "torchvision:squeezenet1" in texts(app).partition("Next: ")[2].replace("\u2060", "")
    assert "Size and normalisation are a guess" in texts(app)
    student = started(app, outside)[0].student
    assert student.architecture == SQUEEZENET
    assert (student.input.height, student.input.mean) == (224, (0.485, 0.456, 0.406))


def test_what_was_guessed_can_be_corrected(outside: Outside) -> None:
    app = open_page(SETUP, state={"setup_serve": "demo"})
    student = silent(shapes_of(SQUEEZENET, classes=7))
    app.file_uploader(key="setup_upload").set_value(("who.safetensors", student, "")).run()
    field_of(app, "selectbox", "Normalisation").set_value("symmetric").run()
    field_of(app, "number_input", "Height").set_value(64).run()
    assert "are a guess" not in texts(app)
    spec = started(app, outside)[0].student.input
    assert (spec.height, spec.width, spec.mean) == (64, 224, (0.5, 0.5, 0.5))


@pytest.mark.parametrize(("text", "fault"), [("0.1", "3 number"), ("0.1, x, 0.3", "no list of numbers")])
def test_wrong_custom_statistics_are_explained(text: str, fault: str) -> None:
    app = open_page(SETUP)
    app.file_uploader(key="setup_upload").set_value(("weights.safetensors", silent(WEIGHT), "")).run()
    field_of(app, "selectbox", "Normalisation").set_value("custom").run()
    field_of(app, "text_input", "Mean").set_value(text).run()
    assert fault in app.error[0].value and not app.exception


def test_grey_images_are_not_offered_the_statistics_of_colours() -> None:
    app = open_page(SETUP)
    app.file_uploader(key="setup_upload").set_value(("weights.safetensors", silent(WEIGHT), "")).run()
    field_of(app, "selectbox", "Normalisation").set_value("imagenet").run()
    field_of(app, "selectbox", "Channels").set_value(1).run()
    normalisation = field_of(app, "selectbox", "Normalisation")
    assert normalisation.value is None and len(normalisation.options) == 3


def test_files_of_the_allowed_folder_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: Outside
) -> None:
    monkeypatch.setenv("AUDIT_CHECKPOINTS", str(tmp_path))
    safetensors(tmp_path / "here.safetensors")
    (tmp_path / "notes.txt").write_text("none")
    app = open_page(SETUP, state={"setup_source": "folder", "setup_serve": "demo"})
    choice = field_of(app, "selectbox", "Checkpoint")
    assert choice.options == ["here.safetensors"]
    choice.set_value("here.safetensors").run()
    assert started(app, outside)[0].student.checkpoint == (tmp_path / "here.safetensors").resolve()


def test_an_empty_folder_is_named() -> None:
    app = open_page(SETUP, state={"setup_source": "folder"})
    assert "Put a checkpoint into" in app.info[0].value


# Effort


@pytest.mark.parametrize(
    ("effort", "baselines", "probes", "queries"),
    [
        ("quick", ["white_noise", "pyramids"], None, "912"),
        ("standard", ["white_noise", "pyramids"], None, "1,812"),
        ("thorough", ["pyramids"], None, "3,612"),
        ("standard", [], 7, "54"),
    ],
)
def test_queries_are_foretold(effort: str, baselines: list[str], probes: int | None, queries: str) -> None:
    state = {"setup_effort": effort, "setup_baselines": baselines, "setup_probes": probes}
    assert f"**{queries}**" in texts(open_page(SETUP, state={**DEMO, **state}))


def test_everything_chosen_is_what_starts(outside: Outside) -> None:
    app = open_page(SETUP, state=DEMO)
    app.button_group(key="setup_effort").set_value("quick")
    app.button_group(key="setup_baselines").set_value(["pyramids"])
    app.selectbox(key="setup_score").set_value("acs")
    app.selectbox(key="setup_device").set_value("cpu")
    app.number_input(key="setup_seed").set_value(17)
    app.number_input(key="setup_probes").set_value(20)
    app.selectbox(key="setup_method").set_value("generator")
    app.selectbox(key="setup_rule").set_value("spread")
    app.toggle(key="setup_ask_anyway").set_value(True)
    app.text_input(key="setup_name").set_value("Mine").run()
    config, _ = started(app, outside)
    chosen = (config.name, config.effort, config.baselines, config.score, config.device, config.seed, config.probes)
    assert chosen == ("Mine", "quick", ("pyramids",), "acs", "cpu", 17, 20)
    assert config.synthesis == GeneratorConfig(selection=SelectionConfig(rule="spread"))
    assert config.ask_anyway


def test_a_method_comes_with_its_own_selection(outside: Outside) -> None:
    app = open_page(SETUP, state=DEMO)
    assert app.selectbox(key="setup_rule").value == "usual"  # with no value the box asks for a choice
    app.selectbox(key="setup_method").set_value("white_noise").run()
    config, _ = started(app, outside)
    assert config.synthesis == WhiteNoiseConfig()


def test_choices_outlive_another_page(outside: Outside) -> None:
    app = open_page(SETUP, state=DEMO)
    app.number_input(key="setup_seed").set_value(17).run()
    app.switch_page("app.py").run()
    app.switch_page(SETUP).run()
    config, _ = started(app, outside)
    assert (config.seed, config.student.checkpoint.stem) == (17, "amber")


def test_the_demos_candidates_are_counted() -> None:
    assert f"**{len(demo_candidates())} candidates**" in texts(open_page(SETUP, state=DEMO))


def test_own_candidates_start_as_entered(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", "x")
    app = open_page(SETUP, state={**DEMO, "setup_serve": "own", "setup_rows": rows_of(CANDIDATES)})
    config, keys = started(app, outside)
    assert (config.candidates, config.serve, keys) == (CANDIDATES, None, {})
