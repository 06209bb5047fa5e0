"""`recscope serve --processes`: each browser stays with one process, nobody waits for another, and no process outlives the others."""

import asyncio
import http.client
import signal
import socket
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Timer

import psutil
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse

from pages.bound_process import Receiver
from pages.processes import find_process, name_cookie, peek_head
from tests.bench._streamlit_client import StreamlitClient
from tests.bench.load import run_sessions
from tests.browser.live import Server, serving

pytestmark = pytest.mark.timeout(300)

XSRF = "_streamlit_xsrf"
SOON = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("processes") / "home", processes=2) as running:
        yield running


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


class Browser:
    """A client with cookies of its own."""

    def __init__(self, server: Server, **cookies: str) -> None:
        self.server, self.cookies, self.bound_by = server, cookies, name_cookie(port_of(server))
        self.connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=SOON)

    def ask(self, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        """Send a request on the open connection, or on a new one, and read the whole answer."""
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        for line in answer.headers.get_all("set-cookie", []):
            self.cookies |= {name: each.value for name, each in SimpleCookie(line).items()}
        return answer

    def ask_anew(self, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        self.connection.close()
        return self.ask(path, method, body, **headers)

    @property
    def number(self) -> str:
        return self.cookies[self.bound_by]

    def process(self) -> int:
        """Return the id of the process that answers this browser."""
        self.ask_anew("/_stcore/health")
        return self.peer()

    def peer(self) -> int:
        """Return the id of the process at the other end of the open connection."""
        own = self.connection.sock.getsockname()
        return next(each.pid for each in workers(self.server) if own in [end.raddr for end in each.net_connections("tcp")])


def workers(server: Server) -> list[psutil.Process]:
    """Return the processes that serve the app: the children of the one that listens, but for the helper of multiprocessing."""
    children = psutil.Process(server.process.pid).children()
    return [each for each in children if "resource_tracker" not in " ".join(each.cmdline())]


def two_browsers(server: Server) -> tuple[Browser, Browser]:
    """Return two browsers that are bound to different processes."""
    first, second = Browser(server), Browser(server)
    first.ask()
    second.ask()
    assert first.number != second.number
    return first, second


PORT = 8501
COOKIE = name_cookie(PORT)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_-", min_size=1, max_size=20) | st.sampled_from(
    [COOKIE, f"my_{COOKIE}", f"{COOKIE}_2", name_cookie(8502)]
)
VALUES = st.text("0123456789", max_size=3) | st.sampled_from(["1x", "-1", f"{COOKIE}=1", "00001"])


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.sampled_from(["Cookie", "cookie"]), st.booleans())
def test_the_process_is_read_as_a_parser_of_cookies_reads_it(cookies: dict[str, str], header: str, is_last: bool) -> None:
    line = f"{header}: {'; '.join(f'{name}={value}' for name, value in cookies.items())}\r\n"
    other = f"X-Text: cookie: {COOKIE}=2\r\n"
    head = f"GET /?cookie:{COOKIE}=2 HTTP/1.1\r\n{other + line if is_last else line + other}\r\ncookie: {COOKIE}=2\r\n\r\n"
    named = cookie_parser(line.partition(": ")[2].strip()).get(COOKIE, "")
    expected = int(named) if named.isdecimal() and len(named) < 5 and int(named) < 300 else None
    assert find_process(head.encode(), PORT, 300) == expected


def test_browsers_are_shared_out_and_stay(server: Server) -> None:
    first, second = two_browsers(server)
    assert {first.process(), second.process()} == {each.pid for each in workers(server)}
    for browser in (first, second):
        process, number = browser.process(), browser.number
        for path in ("/", "/_stcore/health", "/timeline", "/api/health"):
            answer = browser.ask_anew(path)
            assert (answer.status, browser.peer(), browser.number) == (200, process, number)
            assert browser.bound_by not in str(answer.headers)


def test_a_cookie_of_a_larger_server_is_replaced(server: Server) -> None:
    browser = Browser(server, **{name_cookie(port_of(server)): "7"})
    assert browser.ask().status == 200 and browser.number in ("0", "1")


def test_the_cookie_of_a_server_on_another_port_stays(server: Server) -> None:
    browser = Browser(server, **{name_cookie(port_of(server) + 1): "1"})
    browser.ask()
    assert browser.cookies[name_cookie(port_of(server) + 1)] == "1" and browser.number in ("0", "1")


def test_programs_are_bound_to_no_process(server: Server) -> None:
    programs = [Browser(server) for _each in range(2)]
    assert not any(each.bound_by in str(each.ask("/api/health").headers) for each in programs)
    assert len({each.peer() for each in programs}) == 2


def test_sessions_in_two_processes_get_their_own_answers(server: Server) -> None:
    found = asyncio.run(run_sessions(server.url, 4, 4))
    assert not found.faults and len(found.seconds["open"]) == 4


def test_an_upload_is_in_the_process_of_its_session(server: Server) -> None:
    async def upload(browser: Browser, other: Browser) -> tuple[int, int]:
        client = StreamlitClient(server.url, "dataset")
        await client.connect({browser.bound_by: browser.number})
        await client.open()
        form = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.csv"\r\n\r\nuser_id,item_id\r\n--x--\r\n'
        answers = []
        for each in (browser, other):
            each.ask_anew("/_stcore/health")  # sets the cookie against forged requests
            headers = {"Content-Type": "multipart/form-data; boundary=x", "X-Xsrftoken": each.cookies[XSRF]}
            answers.append(each.ask_anew(f"/_stcore/upload_file/{client.session}/1", "PUT", form, **headers).status)
        await client.close()
        return answers[0], answers[1]

    first, second = two_browsers(server)
    assert asyncio.run(upload(first, second)) == (204, 400)
    assert asyncio.run(upload(second, first)) == (204, 400)


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", b"x" * 3_000_000)])
def test_a_request_on_the_connection_of_another_is_sent_to_its_own_process(server: Server, method: str, body: bytes | None) -> None:
    first, second = two_browsers(server)
    second.cookies = dict(first.cookies)  # as by a proxy that keeps connections
    answer = second.ask("//example.com\\a/b?c=d%20e", method, body)
    assert answer.status == 307 and answer.headers["connection"] == "close" and answer.headers["location"] == "/example.com%5Ca/b?c=d%20e"
    assert second.ask().status == 200 and second.peer() == first.process()


def test_a_proxy_gets_a_connection_for_each_request(server: Server) -> None:
    browser = Browser(server)
    assert browser.ask("/_stcore/health", **{"X-Forwarded-For": "192.0.2.1"}).headers["connection"] == "close"
    assert "connection" not in browser.ask("/_stcore/health").headers


def test_a_silent_client_holds_nobody_up(server: Server) -> None:
    address = ("127.0.0.1", port_of(server))
    silent = [socket.create_connection(address) for _each in range(100)]
    for at, connection in enumerate(silent):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n"[: at % 20])
    began = time.monotonic()
    assert Browser(server).ask().status == 200
    assert time.monotonic() - began < 5
    silent[0].sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert silent[0].recv(12) == b"HTTP/1.1 200"
    for connection in silent:
        connection.close()


@pytest.mark.parametrize("half", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 30_000])
def test_a_client_that_goes_before_the_end_of_its_head_is_forgotten(half: bytes, server: Server) -> None:
    address, front = ("127.0.0.1", port_of(server)), psutil.Process(server.process.pid)
    before = front.num_fds()
    for _each in range(50):
        with socket.create_connection(address) as connection:
            connection.sendall(half)
    until = time.monotonic() + 5
    while front.num_fds() > before + 10:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_head_may_come_in_pieces() -> None:
    head = b"GET / HTTP/1.1\r\nCookie: a=b\r\n\r\n"

    async def send_and_peek() -> tuple[bytes, bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as client:
            connection, _address = listening.accept()
            with connection:
                peeking = asyncio.create_task(peek_head(connection))
                for at in range(0, len(head), 5):
                    client.sendall(head[at : at + 5])
                    await asyncio.sleep(0.01)
                found = await asyncio.wait_for(peeking, 5)
                return found, connection.recv(len(head))  # as the process reads it

    assert asyncio.run(send_and_peek()) == (head, head)


def test_a_process_that_ends_is_started_again_for_its_browsers(server: Server) -> None:
    first, second = two_browsers(server)
    killed, other = psutil.Process(first.process()), second.process()
    killed.kill()
    killed.wait(SOON)
    assert second.ask_anew().status == 200 and second.peer() == other
    answer = _ask_patiently(first)
    assert answer.status == 200 and first.bound_by not in str(answer.headers)
    assert first.peer() not in (killed.pid, other)


def _ask_patiently(browser: Browser) -> http.client.HTTPResponse:
    until = time.monotonic() + SOON
    while True:
        try:
            return browser.ask_anew()
        except OSError:  # handed to the process before it was known to be dead
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(tmp_path: Path, sent: signal.Signals) -> None:
    with serving(tmp_path / "home", processes=2) as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert len(workers(server)) == 2
        server.process.send_signal(sent)
        assert server.process.wait(SOON) == (0 if sent == signal.SIGTERM else -sent)
        assert not psutil.wait_procs(children, timeout=SOON)[1]
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("is_early", [True, False])
def test_a_process_ends_when_the_server_is_killed_while_it_starts(is_early: bool) -> None:
    ours, theirs = socket.socketpair()
    receiver = Receiver(uvicorn.Config(PlainTextResponse("yes"), lifespan="off", log_level="warning"), theirs)
    if is_early:
        ours.close()
    else:  # with the word that it is ready unread
        Timer(1, ours.close).start()
    began = time.monotonic()
    receiver.run(sockets=[])
    assert time.monotonic() - began < 5
    theirs.close()


def test_a_process_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    settings = tmp_path / ".streamlit" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(f'[server]\nsslCertFile = "{settings}"\nsslKeyFile = "{settings}"\n', encoding="utf-8")
    said = r"ended with 2:\n(?s:.*)sslCertFile(?s:.*)the app did not start on port"
    with pytest.raises(RuntimeError, match=said), serving(tmp_path / "home", processes=2, HOME=str(tmp_path)):
        pass
