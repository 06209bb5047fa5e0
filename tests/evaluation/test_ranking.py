"""Ranks, metrics and intervals against plain counting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, Request, Vocabulary, candidate_scores, recommend, request_at
from recsys.core.errors import DataError, RecsysError, UnknownNameError
from recsys.core.split import split_interactions
from recsys.evaluation import compare_paired, compute_metrics, compute_ranks, evaluate_model
from recsys.models import MODELS
from tests.conftest import WHOLE

few_scores = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])


@dataclass
class Fixed:
    """A model with the same scores for every request."""

    item_ids: np.ndarray
    values: np.ndarray
    config: None = None

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.item_ids)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        return np.tile(self.values.astype(np.float32), (len(requests), 1))


@given(rows=st.lists(st.tuples(st.lists(few_scores, min_size=6, max_size=6), st.integers(0, 5)), min_size=1, max_size=5))
def test_rank_is_the_mean_place_among_its_ties(rows: list[tuple[list[float], int]]) -> None:
    ranks = compute_ranks(np.array([scores for scores, _ in rows], dtype=np.float32), np.array([target for _, target in rows]))
    for rank, (scores, target) in zip(ranks, rows, strict=True):
        places = [place for place, score in enumerate(sorted(scores, reverse=True), start=1) if score == scores[target]]
        assert rank == sum(places) / len(places)


@given(ranks=st.lists(st.integers(2, 60).map(lambda twice: twice / 2), min_size=1, max_size=30), k=st.integers(1, 20))
def test_metrics_are_their_definitions(ranks: list[float], k: int) -> None:
    found = compute_metrics(np.array(ranks), k)

    def mean(values: list[float]) -> float:
        return sum(values) / len(ranks)

    hits = [float(rank <= k) for rank in ranks]
    assert found["hr@1"] == pytest.approx(mean([float(rank <= 1) for rank in ranks]))
    assert found[f"hr@{k}"] == found[f"recall@{k}"] == pytest.approx(mean(hits))
    assert found[f"precision@{k}"] == pytest.approx(mean(hits) / k)
    assert found[f"ndcg@{k}"] == pytest.approx(mean([hit / log2(1 + rank) for hit, rank in zip(hits, ranks)]))
    assert found["mrr"] == pytest.approx(mean([1 / rank for rank in ranks]))
    assert found[f"f1@{k}"] == pytest.approx(mean([hit * 2 / (k + 1) for hit in hits]))


def test_known_ranks() -> None:
    assert compute_metrics(np.array([1.0]))["ndcg@10"] == 1
    assert compute_metrics(np.array([3.0]))["ndcg@10"] == 0.5
    assert compute_metrics(np.array([10.5]))["hr@10"] == 0
    assert np.isnan(compute_metrics(np.array([]))["mrr"])


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("protocol", ["last-out", "temporal"])
@pytest.mark.parametrize("repeats", [True, False])
def test_every_case_is_ranked_as_in_a_single_request(
    name: str, protocol: str, repeats: bool, tiny: Dataset, trained: Callable[..., Any]
) -> None:
    model, dataset = trained(name, tiny), replace(tiny, repeats=repeats)
    found = evaluate_model(model, dataset, split_interactions(dataset, protocol), "test")
    shown = set()
    for row, rank in zip(found.rows, found.ranks, strict=True):
        user = dataset.interactions["user_id"].iloc[row]
        request = request_at(dataset.history(user), int(dataset.interactions["order"].iloc[row]))
        scores = candidate_scores(model, [request], dataset.vocabulary, repeats)
        assert rank == pytest.approx(compute_ranks(scores, dataset.item_codes[[row]] - 1)[0])
        shown |= {each.item_id for each in recommend(model, request, 10, repeats)}
    assert found.metrics["coverage@10"] == pytest.approx(len(shown) / len(dataset.item_ids))
    assert found.model == name
    assert found.aware == MODELS[name].aware
    expected = found.users if protocol == "last-out" else int((split_interactions(dataset, protocol).labels == 2).sum())
    assert found.cases == len(found.rows) == expected


def test_aware_is_only_of_what_the_data_has(order_only: Dataset, trained: Callable[..., Any]) -> None:
    assert evaluate_model(trained("frequency", order_only), order_only, split_interactions(order_only, "last-out")).aware == ()


def test_a_small_chunk_gives_the_same(tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("frequency", "sasrec"):
        model, made = trained(name, tiny), split_interactions(tiny, "temporal")
        whole = evaluate_model(model, tiny, made, "test")
        monkeypatch.setattr("recsys.evaluation.cases.CHUNK_BYTES", 4 * len(tiny.item_ids) * 3)
        pieces = evaluate_model(model, tiny, made, "test")
        monkeypatch.undo()
        np.testing.assert_allclose(pieces.ranks, whole.ranks)
        assert pieces.metrics == pytest.approx(whole.metrics)


def test_an_item_the_model_does_not_know_ranks_last(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b"), ("u", "new")])
    found = evaluate_model(
        Fixed(np.array(["a", "b"], dtype=object), np.array([1.0, 2.0])), dataset, split_interactions(dataset, "last-out"), "test"
    )
    assert found.ranks.tolist() == [2.0]


def test_novelty_is_mean_bits_of_what_is_shown(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", item) for item in "aaabab"])
    found = evaluate_model(Fixed(dataset.item_ids, np.array([1.0, -np.inf])), dataset, split_interactions(dataset, "last-out"), "test")
    # three a and one b are for training, and one event is added to each
    assert found.metrics["novelty@10"] == pytest.approx(-log2(4 / 6))
    assert found.metrics["coverage@10"] == 0.5


def test_users_with_few_events_are_counted_and_left_out(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b"), ("u", "a"), ("v", "a"), ("w", "a"), ("w", "b")])
    found = evaluate_model(Fixed(dataset.item_ids, np.array([1.0, 0.0])), dataset, split_interactions(dataset, "last-out"), "test")
    assert (found.cases, found.users, found.excluded_users) == (1, 1, 2)


def test_a_split_without_events_is_an_error(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b")])
    with pytest.raises(DataError, match="three events"):
        evaluate_model(Fixed(dataset.item_ids, np.zeros(2)), dataset, split_interactions(dataset, "last-out"), "test")
    with pytest.raises(UnknownNameError, match="validation"):
        evaluate_model(Fixed(dataset.item_ids, np.zeros(2)), dataset, split_interactions(dataset, "last-out"), "valid")


def test_scores_that_are_not_numbers(tiny: Dataset) -> None:
    with pytest.raises(RecsysError, match="not numbers"):
        evaluate_model(Fixed(tiny.item_ids, np.full(15, np.nan)), tiny, split_interactions(tiny, "last-out"))


def many_users(make_dataset: Callable[..., Dataset], n: int) -> Dataset:
    random = np.random.default_rng(3)
    return make_dataset([(f"u{user:03}", f"i{item:02}") for user in range(n) for item in random.choice(20, 4)])


def test_intervals_are_those_of_the_mean(make_dataset: Callable[..., Dataset]) -> None:
    dataset = many_users(make_dataset, 400)
    found = evaluate_model(Fixed(dataset.item_ids, np.arange(20.0)), dataset, split_interactions(dataset, "last-out"), "test")
    share = found.metrics["hr@10"]
    low, high = found.intervals["hr@10"]
    assert low < share < high
    assert (high - low) / 2 == pytest.approx(1.96 * (share * (1 - share) / 400) ** 0.5, rel=0.15)
    assert (
        evaluate_model(Fixed(dataset.item_ids, np.arange(20.0)), dataset, split_interactions(dataset, "last-out"), "test").intervals
        == found.intervals
    )
    assert set(found.metrics) - set(found.intervals) == {"coverage@10"}


def test_intervals_draw_users_and_not_events(make_dataset: Callable[..., Dataset]) -> None:
    """Users whose events are all alike: a thousand events know no more than their ten users."""
    dataset = make_dataset([(f"u{user}", f"i{user % 2}") for user in range(10) for _ in range(100)])
    every = replace(split_interactions(dataset, "last-out"), labels=np.full(1000, 2, dtype=np.int8))
    low, high = evaluate_model(Fixed(dataset.item_ids, np.array([1.0, 0.0])), dataset, every, "test").intervals["hr@1"]
    assert (high - low) / 2 == pytest.approx(1.96 * (0.25 / 10) ** 0.5, rel=0.2)


def test_paired_comparison(make_dataset: Callable[..., Dataset]) -> None:
    dataset = many_users(make_dataset, 200)
    made = split_interactions(dataset, "last-out")
    a, b = (evaluate_model(Fixed(dataset.item_ids, values), dataset, made, "test") for values in (np.arange(20.0), -np.arange(20.0)))
    good = evaluate_model(Fixed(dataset.item_ids, np.zeros(20)), dataset, made, "test")
    perfect = replace(good, ranks=np.ones(good.cases))
    won, lost = compare_paired(perfect, a, "ndcg@10"), compare_paired(a, perfect, "ndcg@10")
    assert won.difference == pytest.approx(1 - a.metrics["ndcg@10"])
    assert (won.difference, won.low, won.high) == pytest.approx((-lost.difference, -lost.high, -lost.low))
    assert won.p == lost.p == pytest.approx(0.001)
    assert compare_paired(a, a, "mrr") == (0, 0, 0, 1)
    level = compare_paired(a, b, "hr@10")
    assert level.low <= level.difference <= level.high
    with pytest.raises(DataError, match="same events"):
        compare_paired(a, evaluate_model(Fixed(dataset.item_ids, np.zeros(20)), dataset, made, "validation"))
    with pytest.raises(UnknownNameError, match="coverage"):
        compare_paired(a, b, "coverage@10")


def test_p_is_seldom_small_without_a_difference(make_dataset: Callable[..., Dataset]) -> None:
    random = np.random.default_rng(5)
    dataset = many_users(make_dataset, 60)
    blank = evaluate_model(Fixed(dataset.item_ids, np.zeros(20)), dataset, split_interactions(dataset, "last-out"), "test")
    draws = [[replace(blank, ranks=random.integers(1, 21, size=blank.cases).astype(float)) for _ in range(2)] for _ in range(20)]
    assert sum(compare_paired(a, b, "mrr").p < 0.05 for a, b in draws) <= 4


def test_cold_starts_have_rows_of_their_own(make_dataset: Callable[..., Dataset]) -> None:
    """One user with two events, one with twenty; one item with one training event, others with many."""
    long = ["a", "b"] * 9 + ["c", "d"]
    dataset = make_dataset([("new", "a"), ("new", "b"), ("new", "a"), *(("old", item) for item in long), ("zed", "d"), ("zed", "c")])
    made = split_interactions(dataset, "last-out")
    found = evaluate_model(Fixed(dataset.item_ids, np.array([4.0, 3.0, 2.0, 1.0])), dataset, made, "test")
    assert found.rows.tolist() == [2, 22]
    new, rare = found.slices["new_users"], found.slices["rare_items"]
    assert new is not None and rare is not None
    assert (new.cases, new.users, new.case_indices.tolist(), new.metrics["mrr"]) == (1, 1, [0], 1.0)
    assert (rare.cases, rare.users, rare.case_indices.tolist(), rare.metrics["mrr"]) == (1, 1, [1], 0.25)
    assert set(found.intervals) >= set(new.metrics) == set(compute_metrics(np.ones(1)))
    assert new.intervals == rare.intervals == {}, "each is one user, and one user has no interval"
    assert evaluate_model(Fixed(dataset.item_ids, np.zeros(4)), dataset, made, "test", brief=True).slices == {}


def test_cold_starts_are_counted_one_by_one(tiny: Dataset, trained: Callable[..., Any]) -> None:
    made = split_interactions(tiny, "temporal")
    found = evaluate_model(trained("popularity", tiny), tiny, made, "validation")
    table = tiny.interactions
    learnt = table["item_id"][made.labels == 0].value_counts()
    by_hand = {
        "new_users": [case for case, row in enumerate(found.rows) if table["order"].iloc[row] <= 5],
        "rare_items": [case for case, row in enumerate(found.rows) if learnt.get(table["item_id"].iloc[row], 0) <= 5],
    }
    assert all(by_hand.values())
    for name, chosen in by_hand.items():
        part = found.slices[name]
        assert part is not None
        assert part.case_indices.tolist() == chosen
        assert part.metrics == compute_metrics(found.ranks[chosen])
        assert part.users == len({table["user_id"].iloc[found.rows[case]] for case in chosen})


def test_a_slice_without_a_case_is_none(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([(user, item) for user in "uv" for item in "ab" * 6])
    model = Fixed(dataset.item_ids, np.arange(2.0))
    a, b = (evaluate_model(model, dataset, split_interactions(dataset, "last-out"), "test") for _ in range(2))
    assert a.slices == {"new_users": None, "rare_items": None}
    with pytest.raises(DataError, match="slice 'new_users' has no cases"):
        compare_paired(a, b, slice="new_users")


def test_a_slice_is_compared_on_its_own_cases(tiny: Dataset, trained: Callable[..., Any]) -> None:
    made = split_interactions(tiny, "temporal")
    a, b = (evaluate_model(trained(name, tiny), tiny, made) for name in ("markov", "popularity"))
    part, other = a.slices["new_users"], b.slices["new_users"]
    assert part is not None and other is not None
    assert compare_paired(a, b, "mrr", slice="new_users").difference == pytest.approx(part.metrics["mrr"] - other.metrics["mrr"])


def test_diversity_is_the_share_of_pairs_of_two_kinds(make_dataset: Callable[..., Dataset]) -> None:
    import pandas as pd

    kinds = pd.DataFrame({"category": ["x", "x", "y", None, None]}, index=list("abcde"))
    dataset = make_dataset([("u", item) for item in "abcdeab"], items=kinds)

    def diversity(*values: float) -> float:
        return evaluate_model(Fixed(dataset.item_ids, np.array(values)), dataset, split_interactions(dataset, "last-out"), "test").metrics[
            "diversity@10"
        ]

    assert diversity(1.0, 2.0, 3.0, 4.0, 5.0) == pytest.approx(9 / 10)  # only a and b are alike; what is unknown is like nothing
    assert diversity(1.0, 2.0, 3.0, -np.inf, -np.inf) == pytest.approx(2 / 3)
    assert diversity(1.0, 2.0, -np.inf, -np.inf, -np.inf) == 0
    without = make_dataset([("u", item) for item in "abcdeab"])
    assert (
        "diversity@10"
        not in evaluate_model(Fixed(without.item_ids, np.arange(5.0)), without, split_interactions(without, "last-out"), "test").metrics
    )
