"""The routes of the API for the app's server, and what the API needs from it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.routing import BaseRoute, Mount

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from recsys.core import Dataset
    from recsys.http_api.access import Access
    from recsys.training.checkpoints import LoadedCheckpoint


@dataclass(frozen=True)
class Server:
    """The server that the API runs on: its access, and its datasets and models, which its pages use too."""

    get_access: "Callable[[], Access]"
    open_dataset: "Callable[[str], Dataset]"
    load_checkpoint: "Callable[[Path], LoadedCheckpoint]"


def routes(server: Server) -> list[BaseRoute]:
    """Return the routes under /api. The application behind them is built at the first request, so that the start does not wait for it."""
    built: list[ASGIApp] = []
    building = Lock()

    def build() -> None:
        from recsys.http_api.application import build_application
        from recsys.http_api.loading import Loader
        from recsys.http_api.service import Service

        with building:
            if not built:
                built.append(build_application(Service(Loader(server.open_dataset, server.load_checkpoint)), server.get_access))

    async def handle(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if not built:
            await to_thread.run_sync(build)
        await built[0](scope, receive, send)

    return [Mount("/api", app=handle)]
