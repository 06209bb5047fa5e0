"""The handler of /api/health, which answers in time even when the store does not."""

import asyncio

from anyio import move_on_after, to_thread
from sqlalchemy import text

import recsys
from recsys.core.errors import RecsysError
from recsys.database.engine import open_store
from recsys.http_api.schemas import HealthResponse

PATIENCE = 2.0
"""Seconds after which a store that has not answered counts as unreachable."""


class StoreProbe:
    """One question to the store at a time, so that a store that hangs holds one thread and not one for every request."""

    def __init__(self) -> None:
        self._asked: asyncio.Task[bool] | None = None

    async def is_reachable(self) -> bool:
        """Return whether the store answers now."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(to_thread.run_sync(_read_store))
        with move_on_after(PATIENCE):
            return await asyncio.shield(self._asked)
        return False


def describe_health(has_store: bool) -> HealthResponse:
    """Return the state of the server."""
    return HealthResponse(status="ok" if has_store else "degraded", version=recsys.__version__, store=has_store)


def _read_store() -> bool:
    try:
        with open_store().read() as session:
            session.execute(text("SELECT 1"))
    except (RecsysError, OSError):
        return False
    return True
