"""Sentences for what can go wrong with a database: a full disk, a lock that is not given up, a server that is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from recsys.core.errors import RecsysError, StoreError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _

BUSY_SECONDS = 10.0
"""Seconds for which a write waits for another one, and a session for a connection."""

FULL = N_("the disk of the store {place} is full and nothing was saved; free some space and try again")
LOCKED = N_("another program has been writing to the store {place} for more than {seconds} seconds and nothing was saved; try again")
READ_ONLY = N_("the store {place} is read-only and nothing was saved; allow writing to it, or choose another store by {variable}")
NOT_A_STORE = N_("{place} is not a store or is damaged: {reason}; move it away, restore a backup, or choose another store by {variable}")
UNOPENED = N_("the store {place} cannot be opened: {reason}")
GONE = N_("the database {place} does not answer: {reason}; try again when it is back")
BUSY = N_("all connections to the store {place} have been in use for {seconds} seconds and nothing was saved; try again")
OTHER = N_("the store {place} reports an error and nothing was saved: {reason}")

SQLITE_CODES = {5: LOCKED, 6: LOCKED, 8: READ_ONLY, 11: NOT_A_STORE, 13: FULL, 14: UNOPENED, 26: NOT_A_STORE}
"""By primary result code: sqlite.org/rescode.html."""
POSTGRES_CODES = {"53100": FULL, "55P03": LOCKED, "25006": READ_ONLY}
"""By SQLSTATE: postgresql.org/docs/current/errcodes-appendix.html."""


@contextmanager
def raise_store_errors(place: str) -> Iterator[None]:
    """Turn what a database raises into a StoreError of one sentence."""
    try:
        yield
    except StatementError as error:
        if isinstance(error.orig, RecsysError):  # a value that its column refuses
            raise error.orig from error
        if not isinstance(error, DBAPIError):
            raise  # wrong use of SQLAlchemy
        raise _failure(_sentence(error), place, " ".join(str(error.orig).split())) from error
    except PoolTimeoutError as error:
        raise _failure(BUSY, place, "") from error


def _failure(sentence: str, place: str, reason: str) -> StoreError:
    return StoreError(_(sentence, place=place, reason=reason, seconds=format_number(BUSY_SECONDS), variable="RECSCOPE_DATABASE_URL"))


def _sentence(error: DBAPIError) -> str:
    original: Any = error.orig
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE_CODES.get(code & 0xFF, OTHER)
    state = getattr(original, "sqlstate", None)
    if error.connection_invalidated or _is_unreachable(error, state):
        return GONE
    return POSTGRES_CODES.get(state or "", OTHER)


def _is_unreachable(error: DBAPIError, state: str | None) -> bool:
    """Return whether PostgreSQL cannot be reached, ends or is starting: classes 08 and 57P, or no code at all."""
    return type(error).__name__ == "OperationalError" and (state is None or state.startswith(("08", "57P")))
