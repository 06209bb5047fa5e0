"""A cache on disk for the vectors of texts."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from recsys.storage.paths import home

KEYS_PER_QUERY = 500
"""SQLite allows at least 999 parameters in a query."""


class VectorCache:
    """One SQLite file for each encoder, RECSYS_HOME/texts/ENCODER.sqlite; `encoder` is a hash of all that determines its vectors.

    Rows are written in transactions: a kill leaves whole vectors or none, and several processes may write at once. The key of a row is a
    hash of encoder and text, so that a renamed file of another encoder contains no match. The cache is optional: a damaged file is
    deleted, and errors while writing are ignored.
    """

    def __init__(self, encoder: str):
        self._encoder = encoder

    @property
    def path(self) -> Path:
        return home() / "texts" / f"{self._encoder[:32]}.sqlite"

    def get(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the cached vectors (D,) float32 by text; texts that are not cached are missing."""
        if not self.path.is_file():
            return {}
        text_of = {self._key(text): text for text in texts}
        keys, found = list(text_of), {}
        try:
            with self._open() as file:
                for start in range(0, len(keys), KEYS_PER_QUERY):
                    some = keys[start : start + KEYS_PER_QUERY]
                    marks = ",".join("?" * len(some))
                    for key, vector in file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):
                        found[text_of[key]] = np.frombuffer(vector, dtype="<f4")
        except sqlite3.OperationalError:
            return found  # locked for a minute, or not readable: the vectors read so far are valid
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                self.path.unlink()
        return found

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Add the vectors of these texts."""
        rows = [(self._key(text), np.asarray(vector, dtype="<f4").tobytes()) for text, vector in vectors.items()]
        with contextlib.suppress(OSError, sqlite3.Error):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as file, file:
                file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
                file.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(self.path, timeout=60)
        try:
            yield file
        finally:
            file.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._encoder}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
