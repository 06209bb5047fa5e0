"""A backup of the SQLite store while it is in use, and its restoration, by SQLite's online backup."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from recsys.core.errors import DataError, StoreError
from recsys.core.translation import _
from recsys.database.engine import BUSY_SECONDS, get_database_url, open_store
from recsys.database.migrate import REVISION_TABLE
from recsys.storage.json_cards import check_file


def back_up_store(target: Path) -> dict[str, int]:
    """Write the whole store as of one moment to a file, which appears only when it is complete. Returns the rows of each table.

    Servers may go on writing. A store on PostgreSQL is a DataError that names pg_dump.
    """
    open_store()  # makes the tables of a new store
    work = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _sqlite_errors(target), closing(_connect(_store_file())) as source, closing(_connect(work)) as copy:
            source.backup(copy)  # in one step: of several, a write between two begins the copy anew
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without the two of a log
            rows = _count_rows(copy)
        work.replace(target)
    except OSError as error:
        raise DataError(_("cannot write {path}: {reason}; nothing was changed", path=target, reason=error.strerror or error)) from error
    finally:
        work.unlink(missing_ok=True)
    return rows


def restore_store(source: Path) -> dict[str, int]:
    """Replace the content of the store by that of a backup, in one transaction. Returns the rows of each table.

    A file that is not a whole backup is a DataError, and nothing is changed.
    """
    target = _store_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        check_file(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(_("{path} cannot be read: {reason}; check the name and the folder", path=source, reason=reason)) from error
    with closing(_open_backup(source)) as backup:
        rows = _count_rows(backup)
        with _sqlite_errors(target), closing(_connect(target)) as store:
            backup.backup(store)
            store.execute("PRAGMA journal_mode=WAL")
    open_store()  # brings the tables of an older backup up to date
    return rows


def _store_file() -> Path:
    url = make_url(get_database_url())
    if url.get_backend_name() != "sqlite" or not url.database:
        raise DataError(
            _("the store is not in a file of SQLite; back it up with: pg_dump --format=custom, and restore it with: pg_restore --clean")
        )
    return Path(url.database)


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)


def _open_backup(source: Path) -> sqlite3.Connection:
    backup = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        is_whole = backup.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        is_store = backup.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (REVISION_TABLE,)).fetchone()
    except sqlite3.DatabaseError:
        is_whole = is_store = False
    if not (is_whole and is_store):
        backup.close()
        raise DataError(_("{path} is not a whole backup of a store; give a file that `python -m recsys store backup` wrote", path=source))
    return backup


def _count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in sorted(names) if name != REVISION_TABLE
    }


@contextmanager
def _sqlite_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_("the store did not answer: {reason}; nothing was saved", reason=f"{file.name}: {error}")) from error
