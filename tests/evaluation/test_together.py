"""Evaluation and replay where the events of a moment are predicted together, and metrics that do not depend on a file's order."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core import Dataset, History, Request
from recsys.core.split import SPLIT_NAMES, split_interactions
from recsys.datasets import read_file
from recsys.evaluation import compute_ranks, evaluate_model
from recsys.evaluation.replay import replay_history
from recsys.models import MODELS

BEHAVIOURS = ("buy", "look")


@pytest.fixture(scope="module")
def baskets(make_dataset: Callable[..., Dataset]) -> Dataset:
    """14 users with three to seven baskets of one to four different items; some items come in two behaviours."""
    random = np.random.default_rng(3)
    rows = []
    for user in range(14):
        for basket in range(random.integers(3, 8)):
            for item in random.choice(12, size=random.integers(1, 5), replace=False):
                rows += [(f"u{user:02}", f"i{item:02}", basket, behaviour) for behaviour in BEHAVIOURS[: random.integers(1, 3)]]
    time = pd.to_datetime([1_700_000_000 + 90_000 * row[2] + 3_600 * int(row[0][1:]) for row in rows], unit="s", utc=True)
    made = make_dataset([row[:2] for row in rows], name="baskets", timestamp=time, behaviour=pd.Categorical([row[3] for row in rows]))
    return replace(made, ties="together")


def rank_by_hand(model: Any, dataset: Dataset, row: int) -> float:
    """Return the rank of an event's item given the rows of its user at earlier times."""
    table = dataset.interactions
    event = table.iloc[row]
    before = table[(table["user_id"] == event["user_id"]) & (table["timestamp"] < event["timestamp"])]
    history = History(
        before["item_id"].to_numpy(dtype=object),
        times=before["timestamp"].to_numpy(dtype="datetime64[ms]").astype(np.float64) / 1000,
        behaviours=before["behaviour"].astype(object).to_numpy(),
        user_id=event["user_id"],
    )
    scores = np.array(model.score([Request(history, time=event["timestamp"].timestamp())]), dtype=np.float32)
    if not dataset.repeats:
        scores[0, model.vocabulary.encode(history.items) - 1] = -np.inf
    return float(compute_ranks(scores, model.vocabulary.encode([event["item_id"]]) - 1)[0])


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("protocol", ["last-out", "temporal"])
@pytest.mark.parametrize("name", ["popularity-recent", "markov", "ngram", "item-knn", "sasrec"])
def test_every_item_of_a_basket_is_ranked_from_earlier_ones(
    name: str, protocol: str, repeats: bool, baskets: Dataset, trained: Callable[..., Any]
) -> None:
    model, dataset = trained(name, baskets, protocol=protocol), replace(baskets, repeats=repeats)
    split = split_interactions(dataset, protocol)
    found = evaluate_model(model, dataset, split, "test")
    table = dataset.interactions[split.labels == SPLIT_NAMES.index("test")]
    assert found.rows.tolist() == table.drop_duplicates(["user_id", "timestamp", "item_id"]).index.tolist()
    assert found.ranks == pytest.approx([rank_by_hand(model, dataset, row) for row in found.rows])
    user = "u03"
    replay = replay_history(model, dataset.history(user), repeats)
    rows = range(len(dataset.interactions))[dataset.rows(user)]
    assert replay.ranks[:-1] == pytest.approx([rank_by_hand(model, dataset, row) for row in rows], rel=1e-4)


def test_transitions_lead_from_basket_to_basket(make_dataset: Callable[..., Dataset]) -> None:
    times = pd.to_datetime([1, 2, 2, 3, 4, 5, 1, 1, 2, 3, 4], unit="s", utc=True)
    made = make_dataset([("u", item) for item in "abcdef"] + [("v", item) for item in "abcde"], timestamp=times)
    dataset = replace(made, ties="together")
    split = split_interactions(dataset, "last-out")
    model = MODELS["markov"].load().fit(dataset, split, MODELS["markov"].config())
    follow = {
        (dataset.item_ids[last], dataset.item_ids[item]): int(count)
        for last, item, count in zip(*model._follow.nonzero(), model._follow.data, strict=True)
    }
    assert follow == {("a", "b"): 1, ("a", "c"): 1, ("c", "d"): 1, ("b", "c"): 1}


rows_of_a_file = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 3), st.integers(0, 1)), min_size=12, max_size=30, unique=True
)


@settings(max_examples=10)
@given(rows=rows_of_a_file, seed=st.integers(0, 100))
def test_the_order_of_the_file_within_moments_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int]], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = [rows[at] for at in order]
    for ties in ("together", "shuffle"):
        first, second = (read_file(write(tmp_path_factory.mktemp("file"), each), ties=ties) for each in (rows, shuffled))  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(first.interactions, second.interactions)
        assert first.ties == second.ties == ties
        split = split_interactions(first, "last-out")
        if not (split.labels == 2).any():
            continue
        for name in ("popularity", "markov", "ngram"):
            spec = MODELS[name]
            metrics = [
                evaluate_model(spec.load().fit(each, split_interactions(each, "last-out"), spec.config()), each, split, "test").metrics
                for each in (first, second)
            ]
            assert metrics[0] == metrics[1]


def write(folder: Path, rows: list[tuple[int, int, int, int]]) -> Path:
    file = folder / "events.csv"
    lines = [f"u{user},i{item},{1_700_000_000 + 1000 * time},{BEHAVIOURS[behaviour]}" for user, item, time, behaviour in rows]
    file.write_text("\n".join(["user_id,item_id,timestamp,behaviour", *lines]) + "\n")
    return file


def test_the_order_of_noise_gives_a_model_nothing(tmp_path: Path) -> None:
    """Baskets of random items, sorted by their number in the file: an order that markov could learn."""
    random = np.random.default_rng(5)
    rows = [
        (user, int(item), basket, 0)
        for user in range(60)
        for basket in range(6)
        for item in np.sort(random.choice(60, size=8, replace=False))
    ]
    path = write(tmp_path, rows)
    hits = {}
    for ties in ("file", "shuffle", "together"):
        dataset = read_file(path, ties=ties)  # type: ignore[arg-type]
        split = split_interactions(dataset, "last-out")
        model = MODELS["markov"].load().fit(dataset, split, MODELS["markov"].config())
        hits[ties] = evaluate_model(model, dataset, split, "validation").intervals["hr@10"]
    chance = 10 / 60
    assert hits["file"][0] > 1.5 * chance, "the order of the file is worth something"
    assert hits["shuffle"][0] < chance < hits["shuffle"][1]
    assert hits["together"][0] < chance < hits["together"][1]


def test_one_user_has_no_intervals(make_dataset: Callable[..., Dataset]) -> None:
    times = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(40), "D")
    dataset = make_dataset([("me", f"i{at % 7}") for at in range(40)], timestamp=times, rating=np.arange(40) % 5 + 1.0)
    split = split_interactions(dataset, "temporal")
    found = evaluate_model(MODELS["markov"].load().fit(dataset, split, MODELS["markov"].config()), dataset, split)
    assert found.metrics["ndcg@10"] > 0 and found.intervals == {}
    assert all(part is None or part.intervals == {} for part in found.slices.values())
