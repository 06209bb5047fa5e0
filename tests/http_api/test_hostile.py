"""Hostile requests: each is refused with one sentence in JSON, and none is a bug."""

import json
from typing import Any

import pytest

from recsys.http_api.schemas import MOST_CANDIDATES, MOST_EVENTS, MOST_ITEMS
from tests.http_api.conftest import Api

ASKED: dict[str, Any] = {"dataset": "tiny", "checkpoint": "markov", "user": "u01"}
NAMES = [
    "../tiny", "..", ".", "/etc/passwd", "tiny/../tiny", "tiny\0", "~", "~root", "C:\\windows", "%2e%2e%2f", "tiny ", "tiny\n", "TINY?",
    "<script>alert(1)</script>", "a" * 80, "\U00010000" * 80, "tiny@2", "@", "@2", "\u202eynit", "CON", "card.json", "ti*y", "{dataset}", "%s",
]  # fmt: skip
HUGE = 10**400


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["dataset", "checkpoint"])
def test_a_name_that_is_a_path_or_does_not_exist(api: Api, name: str, field: str) -> None:
    client = api.client()
    for answer in (
        client.post("/api/recommend", json=ASKED | {field: name}),
        client.post("/api/explain", json=ASKED | {field: name}),
        client.get("/api/replay", params=ASKED | {field: name}),
    ):
        assert answer.status_code in (404, 422, 429), answer.text
        assert "Traceback" not in answer.text and set(answer.json()) == {"error"}


def test_a_folder_with_a_card_in_the_working_folder_is_not_a_checkpoint(api: Api, home: Any, tmp_path: Any, monkeypatch: Any) -> None:
    import shutil

    shutil.copytree(home / "checkpoints" / "tiny" / "markov", tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    for name in ("here", "here@2", str(tmp_path / "here")[:80]):
        assert api.client().post("/api/recommend", json=ASKED | {"checkpoint": name}).status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"k": 0}, {"k": -1}, {"k": MOST_ITEMS + 1}, {"k": HUGE}, {"k": 1.5}, {"k": "10"}, {"k": True}, {"k": None}, {"k": [10]},
        {"step": -1}, {"step": 10_000}, {"step": HUGE}, {"step": "1"}, {"user": 5}, {"user": ["u01"]}, {"user": "x" * 1_001}, {"user": None},
        {"history": []}, {"history": ["i01"]}, {"time": "now"}, {"time": 1e300}, {"time": -HUGE}, {"utc_offset": 10_000},
        {"place": [40, -73]}, {"place": {"latitude": 91, "longitude": 0}}, {"place": {"latitude": 1}}, {"candidates": []},
        {"candidates": ["i01"] * (MOST_CANDIDATES + 1)}, {"candidates": [1]}, {"candidates": "i01"}, {"record": "yes"}, {"record": 1},
        {"note": "<b>"}, {"__proto__": {}}, {"dataset": None}, {"dataset": {"$ne": ""}}, {"dataset": ""}, {"dataset": "x" * 81},
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_or_size(api: Api, changed: dict[str, Any]) -> None:
    answer = api.client().post("/api/recommend", content=json.dumps(ASKED | changed), headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert set(answer.json()) == {"error"} and len(answer.json()["error"]) < 2_000


@pytest.mark.parametrize(
    "history",
    [
        ["i01"] * (MOST_EVENTS + 1),
        [{"item_id": "i01", "time": 5}, {"item_id": "i02", "time": 4}],
        [{"item_id": "i01", "when": 5}],
        [{}],
        [None],
        [5],
        [["i01"]],
        ["x" * 1_001],
        {"0": "i01"},
    ],
)
def test_a_history_that_cannot_be_one(api: Api, history: Any) -> None:
    answer = api.client().post("/api/recommend", json={"dataset": "tiny", "checkpoint": "markov", "history": history})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"\x00" * 100, b'{"dataset": "\\ud800"}', b'{"k": NaN}', b'{"time": -Infinity}',
        b'{"history": ' + b"[" * 100_000, b'{"a":' * 100_000, b"{} {}", b'\xef\xbb\xbf{"dataset": "tiny"}', b'{"k": ' + b"9" * 100_000 + b"}",
    ],
)  # fmt: skip
def test_a_body_that_is_not_json_or_too_deep(api: Api, body: bytes) -> None:
    for address in ("recommend", "feedback", "explain"):
        answer = api.client().post(f"/api/{address}", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    "query",
    ["first=-1", "first=1.0", "first=1_0", "first=%201", "first=%D9%A3", "first=99999999999999999999", "first=2&stop=2", "stop=0", "stop=9999",
     "k=0", "k=51", "k=", "user=u02", "other=1", "first=NaN", "stop=1&first=5", "first=true"],
)  # fmt: skip
def test_a_query_that_is_wrong(api: Api, query: str) -> None:
    answer = api.client().get(f"/api/replay?dataset=tiny&checkpoint=markov&user=u01&{query}")
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "changed", [{"budget": 1}, {"budget": 4_097}, {"seed": -1}, {"seed": 2**32}, {"step": 5_001}, {"method": "shapley"}]
)
def test_an_explanation_has_limits(api: Api, changed: dict[str, Any]) -> None:
    assert api.client().post("/api/explain", json=ASKED | changed).status_code == 422


def test_an_item_that_the_model_does_not_know_cannot_be_explained_or_ranked(api: Api) -> None:
    client = api.client()
    assert client.post("/api/explain", json=ASKED | {"item_id": "<img src=x onerror=alert(1)>"}).status_code == 404
    assert client.post("/api/recommend", json=ASKED | {"candidates": ["i01", "nowhere"]}).status_code == 404


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/recommend", 405),
        ("POST", "/api/health", 405),
        ("DELETE", "/api/models", 405),
        ("POST", "/api/feedback/", 404),
        ("GET", "/api/docs/../../etc/passwd", 404),
        ("GET", "/api/%2e%2e/app.py", 404),
    ],
)
def test_other_addresses_and_methods_are_answered_in_json(api: Api, method: str, address: str, status: int) -> None:
    answer = api.client().request(method, address)
    assert answer.status_code in (status, 404) and (address.startswith("/api/docs/..") or set(answer.json()) == {"error"})
    if status == 405:
        assert answer.headers["allow"]


def test_a_bug_tells_the_caller_nothing(api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_given: Any, **_named: Any) -> None:
        raise ZeroDivisionError("secret of the server")

    monkeypatch.setattr("recsys.http_api.recommendation.recommend", fail)
    answer = api.client().post("/api/recommend", json=ASKED)
    assert answer.status_code == 500 and "secret" not in answer.text and "Traceback" not in answer.text
    assert "secret of the server" in caplog.text


def test_the_documentation_loads_nothing_and_runs_nothing(api: Api) -> None:
    from recsys.http_api.docs_page import render_page
    from recsys.http_api.openapi import build_document

    answer = api.client().get("/api/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        "default-src 'none'" in answer.headers["content-security-policy"]
        and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    )
    page = answer.text
    assert "<script" not in page and "src=" not in page and "<link" not in page and "@import" not in page and "url(" not in page
    for address in build_document()["paths"]:
        assert address in page
    hostile = json.loads(json.dumps(build_document()).replace("The length of the list.", "</table><script>alert(1)</script>"))
    assert "<script" not in render_page(json.dumps(hostile)) and "&lt;script" in render_page(json.dumps(hostile))
