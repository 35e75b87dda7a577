"""The cache of answers, alone and with several processes at it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.errors import InputError
from core.teachers.cache import AnswerCache, answer_cache

ROOT = Path(__file__).parents[2]
PROBE = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "answers.sqlite3"


def test_answers_come_back_exactly(path: Path) -> None:
    answers = {f"key {i}": np.random.default_rng(i).normal(size=7) for i in range(1200)}
    with AnswerCache(path) as cache:
        cache.put_many(answers)
    with AnswerCache(path) as cache:
        found = cache.get_many([*answers, "unknown"])
    assert found.keys() == answers.keys()
    for key, answer in answers.items():
        assert found[key].dtype == np.float64
        np.testing.assert_array_equal(found[key], answer)


def test_nothing_is_known_at_first(path: Path) -> None:
    with AnswerCache(path) as cache:
        assert cache.get_many(["a"]) == {}
        assert cache.get_many([]) == {}


def test_the_latest_answer_counts(path: Path) -> None:
    with AnswerCache(path) as cache:
        cache.put_many({"a": np.zeros(3)})
        cache.put_many({"a": np.ones(3)})
        np.testing.assert_array_equal(cache.get_many(["a"])["a"], np.ones(3))


KEYS = st.tuples(st.text(max_size=3), arrays.arrays(np.uint8, st.sampled_from([(1, 1, 4), (1, 2, 2), (1, 4, 1), (4,)])))


def test_an_identity_may_hold_what_is_no_text() -> None:
    assert AnswerCache.key("version \ud800", PROBE) != AnswerCache.key("version \ud801", PROBE)


@given(KEYS, KEYS)
def test_keys_are_equal_only_for_equal_questions(one: tuple[str, np.ndarray], other: tuple[str, np.ndarray]) -> None:
    same = one[0] == other[0] and one[1].shape == other[1].shape and np.array_equal(one[1], other[1])
    assert (AnswerCache.key(*one) == AnswerCache.key(*other)) == same


def test_a_key_cannot_be_forged_by_an_identity() -> None:
    probe, rest = np.frombuffer(b"(2,)ab", np.uint8), np.frombuffer(b"ab", np.uint8)
    assert AnswerCache.key("x", probe) != AnswerCache.key(f"x{probe.shape!r}", rest)


def test_a_key_does_not_depend_on_the_memory_layout() -> None:
    turned = np.asfortranarray(PROBE)
    assert AnswerCache.key("t", turned) == AnswerCache.key("t", PROBE) != AnswerCache.key("u", PROBE)
    assert len(AnswerCache.key("t", PROBE)) == 64


def test_a_probe_of_another_type_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="uint8"):
        AnswerCache.key("t", PROBE / 255)


def test_threads_share_a_cache(path: Path) -> None:
    with AnswerCache(path) as cache, ThreadPoolExecutor(8) as pool:

        def work(i: int) -> float:
            cache.put_many({f"{i}": np.array([i, -i])})
            return cache.get_many([f"{i}"])[f"{i}"][0]

        assert list(pool.map(work, range(200))) == list(range(200))


WRITER = """
import sys
import numpy as np
from core.teachers.cache import AnswerCache
who = sys.argv[2]
with AnswerCache(__import__("pathlib").Path(sys.argv[1])) as cache:
    for i in range(40):
        cache.put_many({f"{who} {i}": np.full(3, float(i))})
"""


def test_processes_share_a_file_that_none_has_made_yet(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(who)], cwd=ROOT, stderr=subprocess.PIPE)
        for who in range(4)
    ]
    errors = [writer.communicate(timeout=120)[1].decode() for writer in writers]
    assert errors == [""] * 4
    with AnswerCache(path) as cache:
        assert len(cache.get_many([f"{who} {i}" for who in range(4) for i in range(40)])) == 160


KILLED = """
import os, sys
import numpy as np
from pathlib import Path
from core.teachers.cache import AnswerCache
AnswerCache(Path(sys.argv[1])).put_many({"paid": np.ones(2)})
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_an_answer_outlives_a_killed_process(path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT).returncode == -9
    with AnswerCache(path) as cache:
        assert list(cache.get_many(["paid"])) == ["paid"]


def test_a_damaged_file_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match=r"cache of answers .*answers.sqlite3 cannot be used .*delete it"):
        AnswerCache(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used"):
        AnswerCache(tmp_path / "file" / "answers.sqlite3")


def test_the_workspace_has_one(home: Path) -> None:
    with answer_cache() as cache:
        cache.put_many({"a": np.zeros(1)})
    assert (home / "cache" / "answers.sqlite3").is_file()


def test_another_model_under_the_same_name_gets_another_identity(tmp_path: Path) -> None:
    images = np.zeros((2, 1, 8, 8), np.uint8)
    images[1] = 9
    answers = np.array([[0.2, 0.8], [0.6, 0.4]])
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        assert cache.identity("host|model", images, answers) == "host|model"
        assert cache.identity("host|model", images, answers + 1e-5) == "host|model"  # rounding of a busy server
        other = cache.identity("host|model", images, answers[:, ::-1].copy())
        assert other not in ("host|model", cache.identity("host|model", images, np.ones((2, 3))))
        assert cache.identity("host|model", images, answers[:, ::-1].copy()) == other
