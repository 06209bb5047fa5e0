"""Limits: sizes of bodies, and requests per caller."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.http_api import application
from recsys.http_api.errors import ApiError
from recsys.http_api.rate_limit import LIMITS, MOST_CALLERS, RateLimiter, group_address
from tests.http_api.conftest import Api

JSON = {"content-type": "application/json"}


def test_a_body_over_one_megabyte_is_refused(api: Api) -> None:
    answer = api.client().post("/api/recommend", content=b" " * (application.MOST_BYTES + 1), headers=JSON)
    assert answer.status_code == 413 and "1,000,000 bytes" in answer.json()["error"]


def test_a_body_of_unknown_length_is_read_no_further_than_the_limit(api: Api) -> None:
    sent = []

    def parts() -> Iterator[bytes]:
        while True:  # the reader must end it
            sent.append(1)
            yield b" " * 100_000

    async def post() -> list[Any]:
        answers: list[Any] = []
        stream = parts()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": next(stream), "more_body": True}

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/api/recommend", "raw_path": b"/api/recommend", "query_string": b"", "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await api.application(scope, receive, send)
        return answers

    assert asyncio.run(post())[0]["status"] == 413
    assert len(sent) == application.MOST_BYTES // 100_000 + 1


def test_a_body_that_does_not_come_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "BODY_SECONDS", 0.05)

    async def post() -> list[Any]:
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            raise AssertionError

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/api/recommend", "raw_path": b"/api/recommend", "query_string": b"", "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await api.application(scope, receive, send)
        return answers

    assert asyncio.run(post())[0]["status"] == 408


def test_a_compressed_body_is_refused(api: Api) -> None:
    answer = api.client().post("/api/recommend", content=b"{}", headers=JSON | {"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_too_many_requests_wait(api: Api) -> None:
    client = api.client()
    asked = "/api/replay?dataset=tiny&checkpoint=markov&user=nobody"
    codes = [client.get(asked).status_code for _ in range(int(LIMITS["heavy"].burst) + 1)]
    assert codes == [404] * int(LIMITS["heavy"].burst) + [429]
    answer = client.get(asked)
    assert int(answer.headers["retry-after"]) >= 1 and "too many requests" in answer.json()["error"]
    assert client.get("/api/models").status_code == 200  # another kind has a bucket of its own


def test_guessing_tokens_is_slowed_down_before_they_are_looked_up(api: Api) -> None:
    api.access = "tokens"
    codes = [api.client(f"guess-{i}").get("/api/models").status_code for i in range(int(LIMITS["failure"].burst) + 2)]
    assert codes[:-2] == [401] * int(LIMITS["failure"].burst) and codes[-2:] == [429, 429]
    assert api.client("guess", address="192.0.2.7").get("/api/models").status_code == 401


def test_a_server_that_is_busy_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "MOST_WAITING", 0)
    answer = api.client().get("/api/models")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 5)), max_size=120))
def test_nobody_gets_more_than_the_burst_and_the_rate(asked: list[tuple[str, float]]) -> None:
    now, granted = 0.0, {"a": 0, "b": 0}
    limiter = RateLimiter(lambda: now)
    limit = LIMITS["heavy"]
    for caller, pause in asked:
        now += pause
        try:
            limiter.take("heavy", caller)
            granted[caller] += 1
        except ApiError as error:
            assert error.status == 429
            assert granted[caller] >= limit.burst  # nobody is refused who has not used the burst
        assert granted[caller] <= limit.burst + now * limit.per_second + 1e-6


def test_buckets_do_not_grow_without_end() -> None:
    limiter = RateLimiter()
    for number in range(MOST_CALLERS + 50):
        limiter.take("light", str(number))
    assert len(limiter._buckets) == MOST_CALLERS


def test_a_network_of_ipv6_is_one_caller() -> None:
    assert group_address("2001:db8::1") == group_address("2001:db8::ffff:1") != group_address("2001:db8:0:1::1")
    assert group_address("192.0.2.7") == "192.0.2.7" and group_address("testclient") == "testclient"
