"""Feedback by the API: saved once, for lists of the same account alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

import recsys
from recsys.database.engine import VARIABLE, open_store
from recsys.database.schema import AccountRow, FeedbackRow, ImpressionRow, new_id
from tests.http_api.conftest import LOCAL, Api

HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE feedback; --", "i01\r\nset-cookie: a=b", "\u202e", "i01\0", "", "🙂" * 300]


def show(client: TestClient, **changed: Any) -> Any:
    body = {"dataset": "tiny", "checkpoint": "markov", "user": "u01", "step": 3, "k": 4, "record": True} | changed
    answer = client.post("/api/recommend", json={key: value for key, value in body.items() if value is not None})
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(client: TestClient, shown: Any, at: int = 0, action: str = "like", **more: Any) -> Any:
    item = shown["items"][at]["item_id"]
    return client.post("/api/feedback", json={"impression_id": shown["impression_id"], "item_id": item, "action": action, **more})


def stored() -> list[tuple[Any, ...]]:
    with open_store().read() as session:
        rows = session.scalars(select(FeedbackRow)).all()
    return sorted((row.impression_id, row.rank, row.item_id, row.action, row.rating, row.withdrawn is not None) for row in rows)


def test_an_impression_holds_what_was_shown(api: Api) -> None:
    shown = show(api.client(), time=1_700_000_000, candidates=["i01", "i02", "i03", "i04", "i05"])
    with open_store().read() as session:
        row = session.scalars(select(ImpressionRow)).one()
        account = session.get(AccountRow, row.account_id)
    data = recsys.open_dataset("tiny")
    assert row.id == shown["impression_id"] and account is not None and account.issuer == "local"
    assert (row.dataset, row.dataset_fingerprint, row.checkpoint, row.version) == ("tiny", data.fingerprint, "markov", 1)
    assert row.checkpoint_fingerprint == recsys.load("markov", data).fingerprint
    assert (row.user_id, row.step, row.source) == ("u01", 3, "api")
    assert row.items == [each["item_id"] for each in shown["items"]] and row.scores == [each["score"] for each in shown["items"]]
    assert row.context == {"time": 1_700_000_000, "candidates": ["i01", "i02", "i03", "i04", "i05"]}


def test_an_own_history_is_part_of_the_impression(api: Api) -> None:
    show(api.client(), user=None, step=None, history=["i01", {"item_id": "<b>", "time": 5.0}])
    with open_store().read() as session:
        row = session.scalars(select(ImpressionRow)).one()
    assert (row.user_id, row.step) == ("", 2) and row.context == {"history": ["i01", {"item_id": "<b>", "time": 5.0}]}


def test_a_list_that_is_not_recorded_touches_no_store(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sqlite:////proc/nowhere/recscope.db")
    assert show(api.client(), record=False)["impression_id"] is None
    answer = api.client().post("/api/recommend", json={"dataset": "tiny", "checkpoint": "markov", "user": "u01", "record": True})
    assert answer.status_code == 503 and answer.headers["retry-after"] and "store" in answer.json()["error"]


def test_a_replay_of_the_same_feedback_changes_nothing(api: Api) -> None:
    client = api.client()
    shown = show(client)
    first = send(client, shown, 1)
    assert first.status_code == 200 and first.json()["saved"] is True
    rows = stored()
    assert [(row[1], row[3]) for row in rows] == [(2, "like")]
    for _ in range(3):
        assert send(client, shown, 1).json() == first.json()
    assert stored() == rows


def test_the_same_feedback_at_once_is_one_row(api: Api) -> None:
    shown = show(api.client())
    body = {"impression_id": shown["impression_id"], "item_id": shown["items"][2]["item_id"], "action": "like"}

    async def send_all() -> list[int]:
        transport = httpx.ASGITransport(Api().application, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
            answers = await asyncio.gather(*(client.post("/api/feedback", json=body) for _ in range(8)))
        return [each.status_code for each in answers]

    assert asyncio.run(send_all()) == [200] * 8 and [(row[1], row[3]) for row in stored()] == [(3, "like")]


def test_the_same_feedback_at_once_is_one_row_on_postgresql(api: Api, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, postgres_url)
    test_the_same_feedback_at_once_is_one_row(api)


def test_a_rating_needs_its_number(api: Api) -> None:
    client = api.client()
    shown = show(client)
    assert send(client, shown, action="rating", rating=4).status_code == 200
    assert send(client, shown, action="rating").status_code == 422
    assert send(client, shown, action="like", rating=4).status_code == 422
    for wrong in ("NaN", "Infinity", "1e999", '"4"', "true", "[4]"):
        body = f'{{"impression_id": "{shown["impression_id"]}", "item_id": "i01", "action": "rating", "rating": {wrong}}}'
        answer = client.post("/api/feedback", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), wrong
    assert [(row[3], row[4]) for row in stored()] == [("rating", 4.0)]


@pytest.mark.parametrize("rating", [0, 5.5, 99, -7])
def test_a_rating_outside_the_scale_of_the_data_is_refused(api: Api, rating: float) -> None:
    client = api.client()
    answer = send(client, show(client), action="rating", rating=rating)
    assert answer.status_code == 422 and "1 to 5" in answer.json()["error"]
    assert stored() == []


def test_feedback_answers_only_lists_that_were_shown_to_the_same_account(api: Api, make_token: Callable[..., str]) -> None:
    api.access = "tokens"
    mine, other = api.client(make_token("mine")), api.client(make_token("other"))
    shown = show(mine)
    assert send(other, shown).status_code == 404
    for forged in (new_id(), shown["impression_id"][:-1] + ("0" if shown["impression_id"][-1] != "0" else "1"), "0" * 32):
        assert send(mine, shown | {"impression_id": forged}).status_code == 404
    for malformed in ("", "x" * 32, shown["impression_id"].upper() + "Z", shown["impression_id"] + "\n", "../" * 10, 5, None, ["a"]):
        assert send(mine, shown | {"impression_id": malformed}).status_code == 422
    assert stored() == []
    assert send(mine, shown).status_code == 200 and len(stored()) == 1


@pytest.mark.parametrize("item", HOSTILE)
def test_an_item_that_was_not_in_the_list_is_refused(api: Api, item: str) -> None:
    client = api.client()
    shown = show(client)
    answer = send(client, shown | {"items": [{"item_id": item}]})
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff" and "set-cookie" not in answer.headers
    assert stored() == []
