"""The demo audit against MLServer and LitServe finds what it finds with the same models in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from core.candidates import CandidateConfig
from core.config import SYNTHESISED, TRIAL_IMAGES, AuditConfig
from core.errors import TeacherError
from core.interview import FLOOR
from core.results import RankedCandidate, Results
from core.runs.control import create_run
from core.runs.execute import execute
from core.runs.folder import RunFolder
from core.scoring.divergence import EPSILON
from core.teachers.registry import open_teacher
from core.zoo.demo import demo_config
from tests.servers.running import KEY, KEY_VARIABLE, MODELS, SERVERS, VERSIONS, running

pytestmark = pytest.mark.servers

STUDENT = "basil"
TOLERANCE = 1e-4  # relative, of every score and every end of an interval
Candidates = tuple[CandidateConfig, ...]


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The audit with the candidates' own files, done."""
    candidates = tuple(CandidateConfig(name=name, protocol="local", checkpoint=MODELS[name]) for name in MODELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_HOME", str(tmp_path_factory.mktemp("home")))
        folder = create_run(config_for(candidates))
        execute(folder)
    return folder


@pytest.fixture(scope="module")
def candidates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Candidates]:
    """Those of the server that the parameter names, while it runs."""
    with pytest.MonkeyPatch.context() as patch, SERVERS[request.param](tmp_path_factory.mktemp("server")) as served:
        patch.setenv(KEY_VARIABLE, KEY)
        yield served


def config_for(candidates: Candidates) -> AuditConfig:
    config = demo_config(STUDENT, effort="quick")
    return config.model_copy(update={"serve": None, "candidates": candidates, "bootstrap": 100, "device": "cpu"})


def audit_with_probes_of(other: RunFolder, candidates: Candidates) -> RunFolder:
    """The answers are what may differ; the probes are the student's own matter, and take time to make."""
    config = config_for(candidates)
    folder = create_run(config)
    for probe_set in config.probe_sets:
        folder.save_probes(probe_set, *other.load_probes(probe_set))
    execute(folder)
    return folder


def numbers(ranking: tuple[RankedCandidate, ...]) -> dict[tuple[str, str], list[float | None]]:
    """A score and its interval, by candidate and score."""
    return {
        (entry.candidate, name): [estimate.value, estimate.low, estimate.high]
        for entry in ranking
        for name, estimate in entry.scores.items()
    }


def rankings(results: Results) -> dict[str, tuple[RankedCandidate, ...]]:
    """By probe set."""
    return {SYNTHESISED: results.ranking} | {baseline.probe_set: baseline.ranking for baseline in results.baselines}


# MLServer answers with probabilities, LitServe with logits, all digits of float32 in both; candidates in this process
# give logits. What is compared rests on two constants: probabilities are FLOOR at least, and `inverse_kl` is the mean
# over probes of 1 / (KL(candidate || student) + EPSILON). An error of KL by float32's 1e-7 is one of 1e-4 in that at
# most. Measured: 2e-6 is the largest difference of any score.
def test_the_constants_that_the_tolerance_rests_on() -> None:
    assert (FLOOR, EPSILON) == (1e-6, 1e-3)


@pytest.mark.parametrize("candidates", SERVERS, indirect=True)
def test_ranks_and_scores_as_in_this_process(candidates: Candidates, in_process: RunFolder) -> None:
    folder = audit_with_probes_of(in_process, candidates)
    expected, results = in_process.results(), folder.results()
    assert results.score == expected.score
    found = rankings(results)
    for probe_set, wanted in rankings(expected).items():
        assert [entry.candidate for entry in found[probe_set]] == [entry.candidate for entry in wanted]
        ours, theirs = numbers(found[probe_set]), numbers(wanted)
        assert ours.keys() == theirs.keys()
        for key in theirs:
            np.testing.assert_allclose(
                np.array(ours[key], float), np.array(theirs[key], float), rtol=TOLERANCE, err_msg=f"{probe_set} {key}"
            )

    sent = in_process.manifest().config.num_probes * len(found) + TRIAL_IMAGES
    assert results.queries.by_candidate == dict.fromkeys(MODELS, sent)  # the server was asked, not the cache
    assert expected.queries.sent == 0


@pytest.mark.parametrize("candidates", ["mlserver"], indirect=True)
def test_mlserver_describes_its_models(candidates: Candidates) -> None:
    candidate = candidates[0]
    said = requests.get(f"{candidate.url}/v2/models/{candidate.name}", timeout=10).json()
    assert (said["platform"], said["versions"]) == ("pytorch", [VERSIONS[candidate.name]])

    capabilities = open_teacher(candidate).connect((1, 28, 28))
    assert capabilities.output == "probs"
    assert (capabilities.input_shape, capabilities.num_classes) == ((1, 28, 28), 10)
    assert VERSIONS[candidate.name] in capabilities.identity


@pytest.mark.parametrize("candidates", ["mlserver"], indirect=True)
@pytest.mark.parametrize("change", [{"model": "nobody"}, {"version": "0"}], ids=["model", "version"])
def test_mlserver_has_no_such_model(candidates: Candidates, change: dict[str, str]) -> None:
    candidate = candidates[0].model_copy(update=change)
    with pytest.raises(TeacherError, match="not found"):
        open_teacher(candidate).connect((1, 28, 28))


@pytest.mark.parametrize("candidates", ["litserve"], indirect=True)
@pytest.mark.parametrize(("key", "status"), [(None, "40[13]"), ("another", "401")])  # FastAPI's, by its age
def test_litserve_wants_its_key(candidates: Candidates, key: str | None, status: str) -> None:
    with pytest.raises(TeacherError, match=status) as raised:
        open_teacher(candidates[0], key=key).connect((1, 28, 28))
    assert "key" in str(raised.value)


@pytest.mark.parametrize("candidates", ["litserve"], indirect=True)
def test_litserve_gives_logits_for_the_key(candidates: Candidates) -> None:
    assert open_teacher(candidates[0], key=KEY).connect((1, 28, 28)).output == "logits"


def test_a_server_that_does_not_come_up_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the port is taken')"]
    with (
        pytest.raises(AssertionError, match=r"(?s)ended with status 1; its log ends with:.*the port is taken"),
        running(command, tmp_path, lambda: False),
    ):
        pass
