"""Answers of the API are those of the library, to the last digit."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

import recsys
from recsys.accounts.account import open_local_account
from recsys.core import History, Request, recommend, request_at
from recsys.core.split import split_interactions
from recsys.database.engine import open_store
from recsys.database.schema import ImpressionRow
from recsys.feedback.version_lookup import resolve_checkpoint
from recsys.feedback.versions import add_version, promote_version
from recsys.http_api import loading
from recsys.models import find_model_spec
from recsys.training.checkpoints import list_checkpoints, load_checkpoint
from recsys.training.loop import train_model
from tests.http_api.conftest import Api

MODELS = ("markov", "sasrec")


@pytest.fixture
def own_copy(api: Api, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that the test may change."""
    monkeypatch.setenv("RECSYS_HOME", str(shutil.copytree(home, tmp_path / "home")))
    return tmp_path / "home"


@pytest.fixture
def client(api: Api) -> TestClient:
    return api.client()


def post(client: TestClient, address: str, **body: Any) -> Any:
    answer = client.post(f"/api/{address}", json={"dataset": "tiny", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def pairs(items: Any) -> list[tuple[str, float, int]]:
    return [(each["item_id"], each["score"], each["rank"]) for each in items]


def test_health_says_version_and_store(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "version": recsys.__version__, "store": True}
    monkeypatch.setenv("RECSCOPE_DATABASE_URL", "sqlite:////proc/nowhere/recscope.db")
    answer = client.get("/api/health")
    assert answer.status_code == 200 and answer.json()["status"] == "degraded" and answer.json()["store"] is False


def test_models_are_those_on_disk(client: TestClient) -> None:
    found = {each["name"]: each for each in client.get("/api/models").json()["datasets"]}
    assert set(found) >= {"tiny", "demo-city"}
    assert {each["name"]: each["validation"] for each in found["tiny"]["models"]} == {
        each.name: each.card.validation for each in list_checkpoints("tiny")
    }
    data = recsys.open_dataset("tiny")
    assert (found["tiny"]["users"], found["tiny"]["items"], found["tiny"]["interactions"]) == (12, 15, len(data.interactions))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("step", [None, 0, 2])
def test_a_list_of_a_user_is_the_librarys(client: TestClient, model: str, step: int | None) -> None:
    data = recsys.open_dataset("tiny")
    for user in data.user_ids[:5]:
        found = post(client, "recommend", checkpoint=model, user=user, step=step, k=7)
        expected = recsys.recommend(recsys.load(model, data), data, user, step, k=7)
        assert pairs(found["items"]) == [tuple(each) for each in expected]
        assert [each["title"] for each in found["items"]] == [data.title_of(each.item_id) for each in expected]
        assert found["step"] == (len(data.history(user)) if step is None else step) and found["impression_id"] is None


@pytest.mark.parametrize("model", MODELS)
def test_a_list_for_an_own_history_time_place_and_candidates(client: TestClient, model: str) -> None:
    data = recsys.open_dataset("tiny")
    loaded = recsys.load(model, data).model
    events = [("i03", 1_700_000_000.0), ("i01", 1_700_000_060.5), ("unheard of", 1_700_000_100.0)]
    places = np.array([data.item_places[3], data.item_places[1], (np.nan, np.nan)])  # type: ignore[index]
    plain = History(np.array([item for item, _time in events], dtype=object), places=places)
    timed = replace(plain, times=np.array([time for _item, time in events]), utc_offsets=np.full(3, -240.0))

    found = post(client, "recommend", checkpoint=model, history=[item for item, _time in events], k=15)
    assert pairs(found["items"]) == [tuple(each) for each in recommend(loaded, Request(plain), 15, data.repeats)]
    assert (found["user"], found["step"], found["unknown"]) == (None, 3, 1)

    context = {"time": 1_700_003_600.0, "utc_offset": -240, "place": {"latitude": 40.5, "longitude": -73.5}}
    request = Request(timed, 1_700_003_600.0, -240.0, (40.5, -73.5), ("i02", "i05", "i07"))
    found = post(
        client,
        "recommend",
        checkpoint=model,
        history=[{"item_id": item, "time": time} for item, time in events],
        candidates=["i02", "i05", "i07"],
        **context,
    )
    assert pairs(found["items"]) == [tuple(each) for each in recommend(loaded, request, 10, data.repeats)]

    base = request_at(data.history("u03"), 2)
    found = post(client, "recommend", checkpoint=model, user="u03", step=2, **context)
    asked = replace(base, time=1_700_003_600.0, utc_offset=-240.0, place=(40.5, -73.5))
    assert pairs(found["items"]) == [tuple(each) for each in recommend(loaded, asked, 10, data.repeats)]


def test_nobody_knows_anything_of_an_empty_history(client: TestClient) -> None:
    found = post(client, "recommend", checkpoint="markov", history=[])
    data = recsys.open_dataset("tiny")
    expected = recommend(recsys.load("markov", data).model, request_at(data.history("u00"), 0), 10, data.repeats)
    assert pairs(found["items"]) == [tuple(each) for each in expected]
    assert found["fallback"] == "no history yet: most popular items"


@pytest.mark.parametrize("model", MODELS)
def test_a_replay_is_the_librarys(client: TestClient, model: str) -> None:
    data = recsys.open_dataset("tiny")
    expected = recsys.replay_history(recsys.load(model, data), data, "u02", k=4)
    whole = client.get(f"/api/replay?dataset=tiny&checkpoint={model}&user=u02&k=4").json()
    assert whole["length"] == expected.length and [each["step"] for each in whole["steps"]] == list(expected.steps)
    for at, step in enumerate(whole["steps"]):
        assert step["rank"] == (None if np.isnan(expected.ranks[at]) else expected.ranks[at])
        assert [(each["item_id"], each["score"]) for each in step["items"]] == list(
            zip(expected.top_items[at].tolist(), expected.top_scores[at].tolist(), strict=True)
        )
    assert [each["split"] for each in whole["steps"]] == [*expected.splits, ""]
    assert [each["item_id"] for each in whole["steps"]] == [*expected.item_ids, None]
    part = client.get(f"/api/replay?dataset=tiny&checkpoint={model}&user=u02&k=4&first=1&stop=3").json()
    assert part["steps"] == whole["steps"][1:3]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asked", [{}, {"step": 4, "budget": 64, "seed": 3}, {"item_id": "i04"}])
def test_an_explanation_is_the_librarys(client: TestClient, model: str, asked: dict[str, Any]) -> None:
    data = recsys.open_dataset("tiny")
    named = {{"item_id": "item"}.get(key, key): value for key, value in asked.items()}
    expected = recsys.explain(recsys.load(model, data), data, "u01", **named)
    found = post(client, "explain", checkpoint=model, user="u01", **asked)
    assert (found["item_id"], found["step"], found["evaluations"]) == (expected.item_id, expected.step, expected.evaluations)
    assert [each["value"] for each in found["contributions"]] == expected.values.tolist()
    assert [each["standard_error"] for each in found["contributions"]] == expected.standard_errors.tolist()
    assert [each["kind"] for each in found["contributions"]] == [each.kind for each in expected.players]
    assert (found["score"], found["baseline"], found["residual"]) == (expected.score, expected.baseline, expected.residual)
    total = found["baseline"] + sum(each["value"] for each in found["contributions"]) + found["residual"]
    assert total == pytest.approx(found["score"], abs=1e-6)


def test_a_model_that_is_trained_again_is_loaded_again(client: TestClient, own_copy: Path) -> None:
    data = recsys.open_dataset("tiny")
    before = post(client, "recommend", checkpoint="sasrec", user="u01")
    list(train_model("sasrec", data, settings={"embedding_size": 8, "max_length": 6, "epochs": 1}, seed=9, device="cpu"))
    after = post(client, "recommend", checkpoint="sasrec", user="u01")
    assert pairs(after["items"]) == [tuple(each) for each in recsys.recommend(recsys.load("sasrec", data), data, "u01")]
    assert after["items"] != before["items"]


def test_a_checkpoint_that_comes_or_goes_is_found_at_the_next_request(
    api: Api, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    shutil.copytree(home / "datasets", tmp_path / "datasets")
    folder = tmp_path / "checkpoints" / "tiny"
    shutil.copytree(home / "checkpoints" / "tiny" / "sasrec", folder / "sasrec")
    client = api.client()

    def settle() -> None:
        for each in (folder, folder / "sasrec"):  # as if nothing had changed for a minute: then the name is not looked up again
            if each.is_dir():
                os.utime(each, (time.time() - 60, time.time() - 60))

    def status(checkpoint: str) -> int:
        asked = {"dataset": "tiny", "checkpoint": checkpoint, "user": "u03"}
        return client.post("/api/recommend", json=asked).status_code

    settle()
    looked_up = []
    monkeypatch.setattr(
        loading, "resolve_checkpoint", lambda *given, **named: looked_up.append(given) or resolve_checkpoint(*given, **named)
    )
    assert [status("sasrec") for _ in range(3)] == [200] * 3 and len(looked_up) == 1
    assert status("markov") == 404
    shutil.copytree(home / "checkpoints" / "tiny" / "markov", folder / "markov")
    assert [status("sasrec"), status("markov")] == [200, 200] and len(looked_up) == 4
    settle()
    assert [status("markov"), status("markov")] == [200, 200]
    (folder / "markov" / "card.json").unlink()
    assert status("markov") == 404
    settle()
    assert [status("sasrec"), status("sasrec")] == [200, 200]
    shutil.rmtree(folder / "sasrec")
    assert status("sasrec") == 404
    monkeypatch.setenv("RECSYS_HOME", str(home))
    assert [status("markov"), status("sasrec")] == [200, 200]


def test_a_name_means_the_promoted_version_also_while_the_store_is_away(
    client: TestClient, own_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, store = recsys.open_dataset("tiny"), open_store()
    owner, first = open_local_account(store), recsys.load("markov", data)
    half = find_model_spec("markov").load().fit(data, split_interactions(data, "temporal"), first.model.config, 1)
    add_version(store, owner, "tiny", first.card, half, {})
    asked: dict[str, Any] = {"user": "u03", "record": True}
    assert post(client, "recommend", checkpoint="markov", **asked)["checkpoint"] == "markov"
    promote_version(store, owner, "tiny", "markov@2")
    found = post(client, "recommend", checkpoint="markov", **asked)
    second = load_checkpoint(own_copy / "checkpoints" / "tiny" / "markov@2")
    expected = [tuple(each) for each in recsys.recommend(second, data, "u03")]
    assert found["checkpoint"] == "markov@2" and pairs(found["items"]) == expected
    assert expected != [tuple(each) for each in recsys.recommend(first, data, "u03")]
    assert post(client, "recommend", checkpoint="markov@1", user="u03")["checkpoint"] == "markov"
    listed = {each["name"]: each["version"] for each in client.get("/api/models").json()["datasets"][-1]["models"]}
    assert (listed["markov"], listed["markov@1"], listed["markov@2"]) == (2, 1, 2)
    with store.read() as session:
        assert {(row.checkpoint, row.version) for row in session.scalars(select(ImpressionRow))} == {("markov", 1), ("markov", 2)}

    monkeypatch.setenv("RECSCOPE_DATABASE_URL", "sqlite:////proc/nowhere/recscope.db")
    assert post(client, "recommend", checkpoint="markov", user="u03")["checkpoint"] == "markov@2"
