"""Answers that were paid for: kept for all runs, found again by who was asked and the probe's pixels."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from core.errors import InputError
from core.workspace import workspace

_BUSY = 60.0  # seconds to wait for another process that writes
_AT_ONCE = 500  # keys in one SELECT; SQLite's limit was 999 for long
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, text TEXT NOT NULL, time REAL NOT NULL) WITHOUT ROWID",
)


class AnswerCache:
    """Answers by key in one SQLite file, for any number of threads and processes at once.

    Raises:
        InputError: by every method, when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # of the one connection that this process's threads share
        with self._clear_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")  # what is written survives a power cut
                for table in _SCHEMA:
                    self._database.execute(table)
            except sqlite3.Error:
                self._database.close()
                raise

    @staticmethod
    def key(identity: str, probe: np.ndarray) -> str:
        """SHA-256, in hexadecimal, over a teacher's identity and a uint8 probe `(C, H, W)`."""
        if probe.dtype != np.uint8:
            raise ValueError(f"a probe is uint8, not {probe.dtype}")
        digest = hashlib.sha256()
        for part in (identity.encode(errors="surrogatepass"), repr(probe.shape).encode(), probe.tobytes()):
            digest.update(len(part).to_bytes(8, "big") + part)  # lengths, so that no two triples read alike
        return digest.hexdigest()

    def identity(self, declared: str, images: np.ndarray, answers: np.ndarray) -> str:
        """`declared`, or another identity where the model behind it is not the one whose answers are kept here.

        A server may serve another model under the same name and version, and its answers must not be mixed
        with those of the model before it.

        Args:
            images: uint8 test images `(N, C, H, W)`, the same at each call.
            answers: what the teacher says of them now, `(N, K)`.
        """
        keys = [self.key(declared, image) for image in images]
        self.put_many(dict(zip(keys, answers, strict=True)), anew=False)  # of two at once, one is first
        kept = self.get_many(keys)
        same = all(
            key in kept and kept[key].shape == answer.shape and _about_equal(kept[key], answer)
            for key, answer in zip(keys, answers, strict=True)
        )
        return declared if same else f"{declared}|{hashlib.sha256(answers.round(2).tobytes()).hexdigest()[:12]}"

    def get_many(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """The answers `(K,)` float64 that are known, by key."""
        rows: list[tuple[str, bytes]] = []
        with self._clear_errors(), self._lock:
            for start in range(0, len(keys), _AT_ONCE):
                part = keys[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(part))
                query = f"SELECT key, answer FROM answers WHERE key IN ({marks})"
                rows += self._database.execute(query, part).fetchall()
        return {key: np.frombuffer(answer, dtype="<f8").astype(np.float64) for key, answer in rows}

    def put_many(self, answers: Mapping[str, np.ndarray], *, anew: bool = True) -> None:
        """Keep answers `(K,)` by key, all or none; they are on the disk when this returns.

        Args:
            anew: in place of what is kept by these keys; otherwise that stays.
        """
        rows = [(key, np.asarray(answer, dtype="<f8").tobytes()) for key, answer in answers.items()]
        with self._clear_errors(), self._lock, self._transaction():
            self._database.executemany(f"INSERT OR {'REPLACE' if anew else 'IGNORE'} INTO answers VALUES (?, ?)", rows)

    def note(self, key: str, text: str) -> None:
        """Keep a text by key, with the time."""
        with self._clear_errors(), self._lock, self._transaction():
            self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (key, text, time.time()))

    def noted(self, key: str, *, within: float) -> str | None:
        """The text that was kept by `key` in the last so many seconds."""
        query = "SELECT text FROM notes WHERE key = ? AND time BETWEEN ? AND ?"
        with self._clear_errors(), self._lock:
            row = self._database.execute(query, (key, time.time() - within, time.time())).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")  # waits for other writers here, where waiting is safe
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"the cache of answers {self._path} cannot be used",
                actual=str(error),
                remedy="make its folder writable with free space; if the file is damaged, delete it",
            ) from error


def _about_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """As answers to the same image are, of a server that is busy with others too."""
    return np.allclose(one, other, rtol=1e-2, atol=1e-3, equal_nan=True)


def answer_cache() -> AnswerCache:
    """The workspace's cache, which all runs share."""
    return AnswerCache(workspace() / "cache" / "answers.sqlite3")
