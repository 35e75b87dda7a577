"""Configurations: what is accepted, what is refused and in which words, and the way to TOML and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.candidates import CandidateConfig
from core.config import (
    EFFORTS,
    SYNTHESISED,
    AuditConfig,
    StudentConfig,
    candidates_from_toml,
    candidates_to_toml,
    config_from_toml,
    config_to_toml,
    load_config,
    validated,
)
from core.errors import InputError
from core.synthesis.settings import InversionConfig, PyramidsConfig
from core.zoo.demo import DEMO_AUDIT, demo_config

GOOD = """
[student]
checkpoint = "student.safetensors"
[[candidates]]
name = "A"
url = "http://127.0.0.1:8000"
model = "a"
"""


def with_input(*, channels: int, mean: str, std: str) -> str:
    spec = f"[student.input]\nchannels={channels}\nheight=8\nwidth=8\nmean=[{mean}]\nstd=[{std}]\n"
    return GOOD.replace("[[candidates]]", f"{spec}[[candidates]]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not a TOML file"),
        ("", "student: Field required"),
        (GOOD + "[[candidates]]\nname='A'\nurl='http://h'\nmodel='b'", "different names"),
        ('serve = "demo"\n' + GOOD, "not both"),
        ('[student]\ncheckpoint = "a.pt"', "at least one candidate"),
        ('serve = "prod"\n[student]\ncheckpoint = "a.pt"', "serve: Input should be 'demo'"),
        ('effort = "extreme"\n' + GOOD, "effort"),
        ("probes = 1\n" + GOOD, "probes: Input should be greater than or equal to 2, got 1."),
        ("sead = 1\n" + GOOD, "sead: Extra inputs are not permitted"),
        (GOOD.replace("http://127.0.0.1:8000", "file:///etc/passwd"), "http:// or https://"),
        (GOOD.replace("http://", "http://user:secret@"), "must not carry a user"),
        (GOOD.replace(":8000", ":8000/?key=secret"), "must not carry a user"),
        (GOOD + 'key_env = "not a name"', "key_env"),
        (GOOD + "max_batch = 0", "max_batch"),
        (GOOD.replace('"a"', '"a\\u0000"'), "model: text must not hold control characters"),
        (GOOD.replace('"A"', '"A\\u009b31m"'), "name: text must not hold control characters"),
        (GOOD.replace('"A"', '"A\\u202e"'), "name: text must not hold control characters"),
        (GOOD.replace(":8000", ":80000"), "a port from 1 to 65535"),
        (GOOD.replace("127.0.0.1:8000", "user:secret"), "a port from 1 to 65535"),
        (GOOD.replace(":8000", ":8000/a b"), "must not hold blanks"),
        (GOOD.replace(":8000", ":8000/\\u001b[31m"), "must not hold blanks or control characters"),
        (GOOD.replace("student.s", "student\\u0000.s"), "no NUL"),
        (GOOD + 'key = "secret"', "candidates.0.key: Extra inputs are not permitted. "),
        (GOOD + "key = 123456", "candidates.0.key: Extra inputs are not permitted. "),
        ('baselines = ["pyramids", "pyramids"]\n' + GOOD, "may be named once"),
        (GOOD + "[synthesis]\nbatchnorm_weight = inf", "batchnorm_weight"),
        ("".join(f"k{i} = 1\n" for i in range(9)) + GOOD, "k4: Extra inputs are not permitted; and 4 more."),
        ('"\\u001b[31mk" = 1\n' + GOOD, "[31mk: Extra inputs"),
        ("a = " + "[" * 100_000, "not a TOML file"),
        ("seed = " + "9" * 5000, "not a TOML file"),
        (with_input(channels=2, mean="0", std="1"), "channels"),
        (with_input(channels=3, mean="0", std="1"), "3 number"),
        (with_input(channels=1, mean="0", std="0"), "std"),
        (with_input(channels=1, mean="nan", std="1"), "mean"),
    ],
)
def test_bad_configurations_are_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        config_from_toml(text)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert not any(secret in str(caught.value) for secret in ("secret", "123456"))


@pytest.mark.parametrize("name", ["\ud800", "x" * 1001])
def test_class_names_that_nothing_could_write_or_show_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"class_names\.1"):
        validated(StudentConfig, {"checkpoint": "a.pt", "class_names": ["shirt", name]})


def test_a_mark_that_an_editor_put_in_front_is_passed_over() -> None:
    assert config_from_toml("\ufeff" + GOOD) == config_from_toml(GOOD)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(InputError, match="no regular file"):
        load_config(tmp_path / "pipe.toml")


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "image.toml").write_bytes(b"\x89PNG\xff")
    with pytest.raises(InputError, match="cannot be read"):
        load_config(tmp_path / "image.toml")


def test_checkpoints_are_found_beside_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    assert load_config(tmp_path / "a.toml").student.checkpoint == tmp_path / "student.safetensors"


def test_toml_and_back() -> None:
    config = config_from_toml(GOOD + 'key_env = "MY_KEY"')
    assert config_from_toml(config_to_toml(config)) == config
    assert candidates_from_toml(candidates_to_toml(config.candidates)) == config.candidates
    with pytest.raises(InputError, match="lists no candidates"):
        candidates_from_toml("a = 1")


def test_effort_sets_probes_and_steps_unless_given() -> None:
    config = config_from_toml('effort = "quick"\n' + GOOD)
    assert config.num_probes == EFFORTS["quick"].probes
    assert config.synthesis_of(SYNTHESISED) == InversionConfig(steps=InversionConfig.STEPS["quick"])
    assert config.synthesis_of("pyramids") == PyramidsConfig()
    assert config_from_toml("probes = 7\n" + GOOD).num_probes == 7
    assert config.num_answers() == EFFORTS["quick"].probes * 3
    assert config.num_queries(4) == 4 * (EFFORTS["quick"].probes * 3 + 2)  # the two test images of connecting


def test_addresses_lose_their_last_slash() -> None:
    assert CandidateConfig(name="A", url="http://h:1/base/ ", model="m").url == "http://h:1/base"


def test_the_demo_names_a_file_that_is_there_and_other_students() -> None:
    assert load_config(DEMO_AUDIT).student.checkpoint.is_file()
    basil = demo_config("basil", effort="quick")
    assert isinstance(basil, AuditConfig)
    assert basil.student.checkpoint.name == "basil.safetensors"
    assert basil.effort == "quick"
    with pytest.raises(InputError, match="no demo student 'zebra'"):
        demo_config("zebra")
