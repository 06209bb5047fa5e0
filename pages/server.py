"""The app's server in a thread of this process, for `recscope demo`, `recscope open` and `recsys.show`."""

import asyncio
import gc
import logging
import os
import socket
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.middleware import Middleware

from pages.image_route import image_route
from pages.listening import address_for_browsers, listen
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.storage.process_folder import process_folder

if TYPE_CHECKING:
    import uvicorn
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from recsys.core import Dataset
    from recsys.http_api.access import Access
    from recsys.training.checkpoints import LoadedCheckpoint

NAVIGATION = Path(__file__).with_name("navigation.py")
CONFIG = NAVIGATION.parents[1] / ".streamlit" / "config.toml"
SECRETS = "STREAMLIT_SECRETS_FILES"
PATIENCE = 3  # seconds that open pages get to close when the server stops
JOBS_AFTER = 1.0  # seconds after the start: the first page comes first


@dataclass(frozen=True)
class Server:
    """A running server; `url` has no slash at the end."""

    url: str
    port: int
    _server: "uvicorn.Server"
    _thread: Thread

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Close all open pages, and the port."""
        self._server.should_exit = True
        self._thread.join()


@asynccontextmanager
async def own_temporary_files(_app: st.App) -> AsyncIterator[None]:
    """Keep all temporary files of this server, uploads among them, in one folder that goes with it, even when it is killed."""
    with process_folder("recscope-server-") as folder:
        tempfile.tempdir = str(folder)
        yield
        tempfile.tempdir = None


@asynccontextmanager
async def spare_code(_app: st.App) -> AsyncIterator[None]:
    """Take code, once it is loaded, out of later collections of garbage: of torch alone each takes a quarter of a second from all sessions."""
    seen = 0

    def freeze(phase: str, info: dict[str, int]) -> None:
        nonlocal seen
        if phase == "stop" and info["generation"] == 2 and len(sys.modules) > seen:
            seen = len(sys.modules)
            gc.freeze()

    gc.callbacks.append(freeze)
    yield
    gc.callbacks.remove(freeze)
    gc.unfreeze()


@asynccontextmanager
async def run_jobs(_app: st.App) -> AsyncIterator[None]:
    """Run the jobs of the store while the server runs, and end the one that is at work with it."""
    stop = Event()
    thread = Thread(target=_run_jobs, args=(stop,), name="recscope jobs", daemon=True)
    thread.start()
    yield
    stop.set()
    await asyncio.to_thread(thread.join)


def _run_jobs(stop: Event) -> None:
    if not stop.wait(JOBS_AFTER):
        from recsys.jobs.server import serve_jobs

        serve_jobs(stop)


def compose_lifespan(
    *parts: Callable[[st.App], AbstractAsyncContextManager[None]],
) -> Callable[[st.App], AbstractAsyncContextManager[None]]:
    """Return a lifespan of a server that enters several ones, and leaves them in the opposite order."""

    @asynccontextmanager
    async def lifespan(app: st.App) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in parts:
                await stack.enter_async_context(part(app))
            yield

    return lifespan


class SendAtOnce:
    """Middleware that sends each part of an answer at once.

    The sockets that Streamlit listens on wait, as TCP does by default, with a small packet until the last one is acknowledged, which
    takes 40 ms on most systems; the head of an answer is one packet and its body the next. asyncio would turn that off, but knows such
    sockets only by a protocol number, which Streamlit's do not have.
    """

    def __init__(self, app: "ASGIApp"):
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)  # uvicorn's, of requests and of websockets
        connection = None if transport is None else transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._app(scope, receive, send)


MIDDLEWARE = (Middleware(SendAtOnce),)


def list_routes() -> "list[BaseRoute]":
    """Return the routes of the HTTP API and of the pictures of items, on the datasets and models that the pages have in memory."""
    from recsys.http_api.routes import Server, routes

    # A dataset that one of these opens has no page to show a spinner on, which Streamlit would report for each.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(
        lambda record: "missing ScriptRunContext" not in str(record.msg)
    )
    return [*routes(Server(_choose_api_access, _open_dataset, _load_checkpoint)), image_route()]


# The imports of these take seconds, for which the start of the server must not wait.
def _choose_api_access() -> "Access":
    from recsys.http_api.access import VARIABLE, choose_access

    return choose_access(st.get_option("server.address"), _has_sign_in(), os.environ.get(VARIABLE, ""))


def _has_sign_in() -> bool:
    from pages.shell.account import sign_in_settings

    try:
        return sign_in_settings() is not None
    except DataError:
        return True  # a file that cannot be read may ask for it


def _open_dataset(name: str) -> "Dataset":
    from pages import cache

    return cache.shared_dataset(name)


def _load_checkpoint(folder: Path) -> "LoadedCheckpoint":
    from pages import cache

    return cache.shared_checkpoint(folder)


def start_server(port: int | None = None, host: str = "127.0.0.1", owns_process: bool = False) -> Server:
    """Start the app; without a port on the first free one from 8501.

    Where it owns the process, all temporary files of the process go with it; a notebook keeps its own.
    """
    import uvicorn

    listening = listen(host, port)
    port = listening.getsockname()[1]
    parts = (own_temporary_files, spare_code, run_jobs) if owns_process else (run_jobs,)
    server = uvicorn.Server(make_config(host, port, *parts))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="recscope server", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    if not thread.is_alive():
        raise DataError(_("the app did not start on port {port}; the lines above say why", port=str(port)))
    return Server(address_for_browsers(host, port), port, server, thread)


def make_config(
    host: str, port: int, *parts: Callable[[st.App], AbstractAsyncContextManager[None]], middleware: Sequence[Middleware] = MIDDLEWARE
) -> "uvicorn.Config":
    """Return what uvicorn needs to serve the app, with the parts of its lifespan, and set the options of Streamlit."""
    import uvicorn
    from streamlit.runtime import Runtime
    from streamlit.web import bootstrap
    from streamlit.web.server.starlette.starlette_server import _get_uvicorn_config_kwargs

    settings = dict(_flatten(tomllib.loads(CONFIG.read_text(encoding="utf-8"))))
    settings |= {"server.address": host, "server.port": port, "server.fileWatcherType": "none"}
    if SECRETS in os.environ:  # Streamlit reads it for `streamlit run` only, and a server that is to have sign-in must not start without
        settings["secrets.files"] = os.environ[SECRETS].split()
    bootstrap.load_config_options(settings)
    Runtime._instance = None  # Streamlit allows one in a process and keeps it when it has stopped
    app = st.App(NAVIGATION, lifespan=compose_lifespan(*parts), routes=list_routes(), middleware=middleware)
    return uvicorn.Config(app, **_get_uvicorn_config_kwargs(), log_level="warning", timeout_graceful_shutdown=PATIENCE)


def _flatten(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the options of a config.toml by their whole names, such as theme.light.primaryColor."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
