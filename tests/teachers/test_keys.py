from __future__ import annotations

import pytest

from core.candidates import CandidateConfig
from core.errors import InputError
from core.teachers.keys import key_of


def candidate(key_env: str | None) -> CandidateConfig:
    return CandidateConfig(name="suspect", url="http://127.0.0.1", model="m", key_env=key_env)


@pytest.mark.parametrize(
    ("key_env", "environ", "expected"),
    [(None, {"K": "x"}, None), ("K", {"K": "k-1"}, "k-1"), ("K", {"K": " k-1\n"}, "k-1")],
)
def test_the_key(key_env: str | None, environ: dict[str, str], expected: str | None) -> None:
    assert key_of(candidate(key_env), environ) == expected


@pytest.mark.parametrize(
    ("environ", "message"),
    [({}, "no such variable"), ({"K": ""}, "an empty one"), ({"K": " \n"}, "an empty one"), ({"k": "x"}, "no such")],
)
def test_a_missing_key_names_its_variable(environ: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=f"key of suspect is missing .*variable K, got {message}.*Set K"):
        key_of(candidate("K"), environ)


def test_the_environment_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_TEST_KEY", "k-2")
    assert key_of(candidate("AUDIT_TEST_KEY")) == "k-2"
