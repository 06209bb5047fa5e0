"""One of several processes of the app: it receives connections from the process that listens, and binds browsers to itself by a cookie."""

import asyncio
import os
import socket
from contextlib import suppress
from urllib.parse import quote

import uvicorn
from anyio import wait_readable
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from pages.processes import find_process, name_cookie
from pages.server import MIDDLEWARE, make_config, own_temporary_files, run_jobs, spare_code
from recsys.http_api.access import FORWARDED
from recsys.running_app import catch_interrupt

PROXIED = {each.encode() for each in FORWARDED}


def run_bound_process(link: socket.socket, number: int, count: int, host: str, port: int) -> None:
    """Run the app on the connections that come through a socket, until that is closed or SIGTERM."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // count, 1)))  # else each process has a thread for each core
    catch_interrupt()  # uvicorn catches the signals too, and sends them again once it has stopped
    parts = (own_temporary_files, spare_code, *([run_jobs] if number == 0 else []))
    config = make_config(host, port, *parts, middleware=(Middleware(BindToProcess, number, count, port), *MIDDLEWARE))
    if config.is_ssl:
        raise SystemExit(
            "error: several processes cannot read who sends a request where Streamlit itself encrypts (server.sslCertFile); "
            "leave that out and let TLS end at a reverse proxy, or run one process"
        )
    Receiver(config, link).run(sockets=[])


class Receiver(uvicorn.Server):
    """A server that does not listen: its connections come through a socket."""

    def __init__(self, config: uvicorn.Config, link: socket.socket) -> None:
        super().__init__(config)
        self._link = link

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._receiving = asyncio.create_task(self._receive())
        with suppress(OSError):  # the process that listens has ended
            self._link.send(b".")  # ready

    async def _receive(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.should_exit:
            await wait_readable(self._link)
            try:
                told, descriptors, _flags, _address = socket.recv_fds(self._link, 1, 1)
            except OSError:  # it ended before it had read that this one is ready
                told, descriptors = b"", []
            self.should_exit |= not told  # the process that listens has ended
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
                with suppress(OSError):  # the client has gone
                    await loop.connect_accepted_socket(self._make_protocol, socket.socket(fileno=descriptor))

    def _make_protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # as uvicorn itself does for the sockets that it listens on
            config=self.config,  # type: ignore[call-arg]
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


class BindToProcess:
    """Middleware that binds a browser to this process, and never answers one that is bound to another.

    Such a request comes on a connection that was handed over for another one: by a browser that opened two windows at once, or by a proxy
    that keeps connections. The client is told to ask again on a new connection; proxies get a connection for one request only.
    """

    def __init__(self, app: ASGIApp, number: int, count: int, port: int) -> None:
        self._app, self._number, self._count, self._port = app, number, count, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", ())
        bound = find_process(b"\r\n".join(b"%s: %s" % (name, value) for name, value in headers), self._port, self._count)
        if bound not in (None, self._number):
            await _send_elsewhere(scope, receive, send)
            return
        added: list[tuple[bytes, bytes]] = []
        if scope["type"] != "lifespan" and bound is None and not scope["path"].startswith("/api/"):  # programs may ask any process
            added.append((b"set-cookie", f"{name_cookie(self._port)}={self._number}; Path=/; HttpOnly; SameSite=Lax".encode()))
        if scope["type"] == "http" and any(name in PROXIED for name, _value in headers):
            added.append((b"connection", b"close"))

        async def send_bound(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_bound)


async def _send_elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    while (await receive()).get("more_body"):
        pass  # a client that is cut off while it sends does not read the answer
    address = f"/{quote(scope['path'].lstrip('/'))}?{scope['query_string'].decode('latin-1')}".removesuffix("?")
    await RedirectResponse(address, 307, {"connection": "close", "cache-control": "no-store"})(scope, receive, send)
