"""Several processes of the app behind one address, each browser bound to one of them, for `recscope serve --processes`.

A session, its uploads and its downloads are in the memory of one process, and Python runs one thread at a time in each. This process accepts
the connections, looks into the head of the first request without taking it, and hands the connection itself to the process that a cookie
names, so that no message passes through here. It imports nothing that is large.
"""

import asyncio
import logging
import multiprocessing
import re
import socket
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.context import SpawnProcess
from threading import Thread

from anyio import wait_readable

from pages.listening import address_for_browsers, listen
from recsys.core.errors import DataError
from recsys.core.translation import _

BOUND = rb"^cookie:(?:.*[ ;])?%s=(\d{1,4})(?:;|\s*$)"
LONGEST_HEAD = 1 << 16  # bytes; the processes accept no longer one
SILENCE = 60.0  # seconds that a connection may take to send a head
RETRY_AFTER = 0.05
RESTART_AFTER = 0.5
LAST_WORDS = 8.0  # seconds that a process gets to end: open pages have three of them, then comes a job


def name_cookie(port: int) -> str:
    """Return the name of the cookie of a server: browsers send the cookies of all ports of a host to each."""
    return f"recscope_process_{port}"


def find_process(head: bytes, port: int, count: int) -> int | None:
    """Return the number of the process that a request is bound to; None where it is not, or to one that this server does not have."""
    pattern = BOUND % name_cookie(port).encode()
    found = re.search(pattern, head.partition(b"\r\n\r\n")[0], re.IGNORECASE | re.MULTILINE)
    return int(found[1]) if found and int(found[1]) < count else None


@dataclass(frozen=True)
class Processes:
    """The running processes; `url` has no slash at the end."""

    url: str
    port: int
    _front: "_Front"
    _thread: Thread

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Close all open pages, and the port."""
        self._front.stop()
        self._thread.join()


def start_processes(port: int | None, host: str, count: int) -> Processes:
    """Start the app in several processes, and return when all of them answer."""
    listening = listen(host, port)
    port = listening.getsockname()[1]
    front = _Front(listening, host, port, count)
    thread = Thread(target=asyncio.run, args=(front.run(),), name="recscope processes", daemon=True)
    thread.start()
    if not front.has_started.result():
        thread.join()
        raise DataError(_("the app did not start on port {port}; the lines above say why", port=str(port)))
    return Processes(address_for_browsers(host, port), port, front, thread)


def _run_process(link: socket.socket, number: int, count: int, host: str, port: int) -> None:
    from pages.bound_process import run_bound_process

    run_bound_process(link, number, count, host, port)


class _Front:
    """The socket that listens, and the processes by their numbers, each with the socket that connections are handed through."""

    def __init__(self, listening: socket.socket, host: str, port: int, count: int) -> None:
        self.has_started: Future[bool] = Future()
        self._listening, self._host, self._port, self._count = listening, host, port, count
        self._processes: dict[int, SpawnProcess] = {}
        self._links: dict[int, socket.socket] = {}
        self._turns = cycle(range(count))
        self._handing: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self) -> None:
        """Hand connections to the processes until it is stopped."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._listening.setblocking(False)
        try:
            for number in range(self._count):
                self._start(number)
            if all(await asyncio.gather(*(self._loop.sock_recv(link, 1) for link in self._links.values()))):
                tasks = [asyncio.create_task(each) for each in (self._accept(), *map(self._keep, range(self._count)))]
                self.has_started.set_result(True)
                await self._stopping.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self._listening.close()
            await self._end()
            if not self.has_started.done():
                self.has_started.set_result(False)

    def _start(self, number: int) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        process = multiprocessing.get_context("spawn").Process(
            target=_run_process, args=(theirs, number, self._count, self._host, self._port), name=f"recscope {number}"
        )
        process.start()
        theirs.close()
        self._processes[number], self._links[number] = process, ours

    async def _keep(self, number: int) -> None:
        """Start a process again whenever it has ended."""
        while True:
            process = self._processes[number]
            await _wait_for_end(process)
            process.join()
            self._links[number].close()
            logging.getLogger(__name__).warning("process %d of the app ended with %s and is started again", number, process.exitcode)
            await asyncio.sleep(RESTART_AFTER)
            with suppress(OSError):  # the machine has no memory or no descriptor for it: it is tried again
                self._start(number)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _address = await self._loop.sock_accept(self._listening)
            except OSError:  # no descriptor is left, or the client has gone
                await asyncio.sleep(RETRY_AFTER)
                continue
            task = asyncio.create_task(self._hand_over(connection))
            self._handing.add(task)
            task.add_done_callback(self._handing.discard)

    async def _hand_over(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(SILENCE):
                head = await peek_head(connection)
                bound = find_process(head, self._port, self._count)
                while head and not self._give(next(self._turns) if bound is None else bound, connection):
                    await asyncio.sleep(RETRY_AFTER)

    def _give(self, number: int, connection: socket.socket) -> bool:
        """Hand a connection to a process, and return whether that was possible: not while it starts again or has many to take."""
        try:
            socket.send_fds(self._links[number], [b"."], [connection.fileno()])
        except OSError:
            return False
        return True

    async def _end(self) -> None:
        for process in self._processes.values():
            process.terminate()
        ends = [asyncio.create_task(_wait_for_end(process)) for process in self._processes.values()]
        await asyncio.wait(ends, timeout=LAST_WORDS)
        for process in self._processes.values():
            process.kill()
            process.join()


async def _wait_for_end(process: SpawnProcess) -> None:
    await wait_readable(process.sentinel)


async def peek_head(connection: socket.socket) -> bytes:
    """Return the beginning of what a client sends, with the whole head of its first request, and leave it there to be read again.

    It is empty where the client has gone before the end of the head.
    """
    head = b""
    while True:
        await wait_readable(connection)
        known, head = len(head), connection.recv(LONGEST_HEAD, socket.MSG_PEEK)
        if b"\r\n\r\n" in head or len(head) == LONGEST_HEAD:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return head
        if len(head) == known:  # readable without anything new: the end
            return b""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(head) + 1)  # else half a head is readable all the time
