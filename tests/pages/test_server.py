"""The app's server: its sockets send at once, and its collector of garbage leaves loaded code alone."""

import asyncio
import gc
import socket
import sys
from types import ModuleType
from typing import Any

import pytest

from pages.server import SendAtOnce, spare_code


class Transport:
    def __init__(self, connection: socket.socket | None) -> None:
        self.connection = connection

    def get_extra_info(self, name: str) -> socket.socket | None:
        return {"socket": self.connection}[name]


class Cycle:
    """The part of uvicorn that hands requests on."""

    def __init__(self, connection: socket.socket | None) -> None:
        self.transport = Transport(connection)

    async def receive(self) -> Any:
        return {"type": "http.request"}


def run(receive: Any) -> list[str]:
    reached = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    asyncio.run(SendAtOnce(app)({"type": "http"}, receive, None))  # type: ignore[arg-type]
    return reached


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_small_packet_does_not_wait_for_the_last_one(family: socket.AddressFamily) -> None:
    with socket.socket(family) as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        assert run(Cycle(connection).receive) == ["http"]
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_other_servers_and_sockets_are_left_as_they_are() -> None:
    async def receive() -> Any:
        raise AssertionError

    assert run(receive) == run(Cycle(None).receive) == ["http"]
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        assert run(Cycle(first).receive) == ["http"]


def test_code_is_left_out_of_later_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    async def collect_while_serving() -> list[int]:
        frozen, alive = [], []
        async with spare_code(None):  # type: ignore[arg-type]
            for name in ("sys", "sys", "loaded_later"):
                monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
                alive.append([[each] for each in range(10_000)])
                gc.collect()
                frozen.append(gc.get_freeze_count())
        return frozen

    before = list(gc.callbacks)
    first, second, third = asyncio.run(collect_while_serving())
    assert abs(second - first) < 5_000 and third > first + 15_000, "frozen once, and again only when more code is loaded"
    assert gc.get_freeze_count() == 0 and gc.callbacks == before
