"""A cache on disk for the vectors of texts."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from recsys.storage.paths import home

_private: ContextVar[Path | None] = ContextVar("recscope_private_texts", default=None)
_session_folder: list[Callable[[], Path | None]] = []


def follow_session(session_folder: Callable[[], Path | None]) -> None:
    """Ask this function from now on for the folder of vectors of private texts; the app calls it once, with a look at the visitor's session."""
    _session_folder[:] = [session_folder]


def private_folder() -> Path | None:
    """Return the folder that takes all vectors of this thread or session in place of RECSYS_HOME/texts; None where texts are not private."""
    return _private.get() or (_session_folder[0]() if _session_folder else None)


@contextlib.contextmanager
def keep_private(folder: Path | None) -> Iterator[None]:
    """Write the vectors of all texts in this block to a folder, whose owner removes it; None leaves everything as it is."""
    token = _private.set(folder)
    try:
        yield
    finally:
        _private.reset(token)


KEYS_PER_QUERY = 500
"""SQLite allows at least 999 parameters in a query."""


class VectorCache:
    """One SQLite file for each encoder, RECSYS_HOME/texts/ENCODER.sqlite; `encoder` is a hash of all that determines its vectors.

    Vectors of private texts are written to a file in the `private_folder` alone; there, both files are read.

    Rows are written in transactions: a kill leaves whole vectors or none, and several processes may write at once. The key of a row is a
    hash of encoder and text, so that a renamed file of another encoder contains no match. The cache is optional: a damaged file is
    deleted, and errors while writing are ignored.
    """

    def __init__(self, encoder: str):
        self._encoder = encoder

    @property
    def path(self) -> Path:
        """The file that is written."""
        return (private_folder() or home() / "texts") / self._file_name

    @property
    def _file_name(self) -> str:
        return f"{self._encoder[:32]}.sqlite"

    def get(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the cached vectors (D,) float32 by text; texts that are not cached are missing."""
        paths = dict.fromkeys((home() / "texts" / self._file_name, self.path))
        return {text: vector for path in paths for text, vector in self._read(path, texts).items()}

    def _read(self, path: Path, texts: Sequence[str]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        if not path.is_file():
            return found
        text_of = {self._key(text): text for text in texts}
        keys = list(text_of)
        try:
            with self._open(path) as file:
                for start in range(0, len(keys), KEYS_PER_QUERY):
                    some = keys[start : start + KEYS_PER_QUERY]
                    marks = ",".join("?" * len(some))
                    for key, vector in file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):
                        found[text_of[key]] = np.frombuffer(vector, dtype="<f4")
        except sqlite3.OperationalError:
            return found  # locked for a minute, or not readable: the vectors read so far are valid
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Add the vectors of these texts."""
        rows = [(self._key(text), np.asarray(vector, dtype="<f4").tobytes()) for text, vector in vectors.items()]
        with contextlib.suppress(OSError, sqlite3.Error):
            path = self.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open(path) as file, file:
                file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
                file.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def _open(self, path: Path) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(path, timeout=60)
        try:
            yield file
        finally:
            file.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._encoder}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
