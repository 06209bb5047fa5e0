"""Imported vectors: scores against brute force, one user's vector after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import History, Request, empty_history
from recsys.core.errors import UnknownNameError
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.vector_model import SIMILARITIES, VectorConfig, VectorModel

N_ITEMS, N_OWN, SIZE = 9, 7, 4
ITEM_IDS = np.array([f"i{number}" for number in range(N_ITEMS)], dtype=object)
COLUMNS = np.array([3, -1, 0, 6, 1, -1, 2, 4, 5])


def make(similarity: str = "dot", rule: str = "mean", biases: bool = False, seed: int = 0) -> VectorModel:
    random = np.random.default_rng(seed)
    arrays = {"columns": COLUMNS, "item_vectors": random.normal(size=(N_OWN, SIZE)).astype(np.float32)}
    if biases:
        arrays["item_biases"] = random.normal(size=N_OWN).astype(np.float32)
    if rule == "stored":
        arrays["user_hashes"] = np.array([hash_user_id(user) for user in ("ann", "bob")], dtype=np.uint64)
        arrays["user_vectors"] = random.normal(size=(2, SIZE)).astype(np.float32)
    return VectorModel(ITEM_IDS, VectorConfig(similarity, rule), arrays)


def expected(model: VectorModel, history: History) -> list[float]:
    """The definition, in Python floats and item by item."""
    arrays, config = model.arrays(), model.config
    own = {item: arrays["item_vectors"][row].astype(float) for item, row in zip(ITEM_IDS, COLUMNS) if row >= 0}
    seen = [own[item] for item in history.items if item in own]
    user = np.zeros(SIZE)
    if seen:
        user = seen[-1] if config.user_rule == "last" else np.mean(seen, axis=0)
    if config.user_rule == "stored" and history.user_id in ("ann", "bob"):
        user = arrays["user_vectors"][["ann", "bob"].index(history.user_id)].astype(float)
    scores = []
    for item, row in zip(ITEM_IDS, COLUMNS):
        if row < 0:
            scores.append(-np.inf)
            continue
        vector = own[item]
        score = {
            "dot": float(user @ vector),
            "cosine": float(user @ vector) / max(float(np.sqrt(user @ user) * np.sqrt(vector @ vector)), 1e-9),
            "euclidean": -float(np.sqrt(((user - vector) ** 2).sum())),
        }[config.similarity]
        scores.append(score + (float(arrays["item_biases"][row]) if "item_biases" in arrays else 0))
    return scores


def history_of(items: list[str], user: str | None = None) -> History:
    return History(items=np.array(items, dtype=object), user_id=user)


HISTORIES = [[], ["i0"], ["i1"], ["i0", "i1", "i2", "i2", "unknown"], ["i1", "i8", "i5"], list(ITEM_IDS) * 3]


@pytest.mark.parametrize("biases", [False, True], ids=["", "biases"])
@pytest.mark.parametrize("rule", ["mean", "last", "stored"])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_scores_are_those_of_the_definition(similarity: str, rule: str, biases: bool) -> None:
    model = make(similarity, rule, biases)
    requests = [Request(history_of(items, user)) for items in HISTORIES for user in (None, "ann", "bob", "eve")]
    want = np.array([expected(model, request.history) for request in requests])
    np.testing.assert_allclose(model.score(requests), want, rtol=1e-4, atol=1e-5)


@given(
    items=st.lists(st.sampled_from([*ITEM_IDS, "unknown"]), max_size=30),
    similarity=st.sampled_from(SIMILARITIES),
    rule=st.sampled_from(["mean", "last", "stored"]),
    user=st.sampled_from([None, "ann", "eve"]),
    seed=st.integers(0, 50),
)
def test_a_replay_is_step_by_step_scoring(items: list[str], similarity: str, rule: str, user: str | None, seed: int) -> None:
    model, history = make(similarity, rule, seed=seed), history_of(items, user)
    steps = np.arange(len(items) + 1)
    replayed = model.score_trace(model.trace(history), steps)
    alone = np.concatenate([model.score([Request(history.until(step))]) for step in steps])
    together = model.score([Request(history.until(step)) for step in steps])
    np.testing.assert_allclose(replayed, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_distances_of_near_items_are_exact() -> None:
    random = np.random.default_rng(6)
    centre = 10 * random.normal(size=SIZE)
    vectors = (centre + 1e-3 * random.normal(size=(N_ITEMS, SIZE))).astype(np.float32)
    model = VectorModel(ITEM_IDS, VectorConfig("euclidean", "last"), {"columns": np.arange(N_ITEMS), "item_vectors": vectors})
    [scores] = model.score([Request(history_of(["i4"]))])
    np.testing.assert_allclose(scores, -np.linalg.norm(vectors.astype(float) - vectors[4].astype(float), axis=1), rtol=1e-3)


def test_candidates_are_masked() -> None:
    model = make()
    every, some = (model.score([Request(history_of(["i0"]), candidates=each)])[0] for each in (None, ("i2", "i3")))
    assert np.isfinite(some).nonzero()[0].tolist() == [2, 3]
    np.testing.assert_array_equal(some[[2, 3]], every[[2, 3]])
    with pytest.raises(UnknownNameError, match="unknown"):
        model.score([Request(history_of([]), candidates=("unknown",))])


def test_stored_users_do_not_follow_from_the_events() -> None:
    assert make(rule="stored").fixed_because and make(rule="mean").fixed_because is None
    model = make(rule="stored")
    first, second = model.score([Request(history_of(["i0"], "ann")), Request(history_of(["i2", "i3"], "ann"))])
    np.testing.assert_array_equal(first, second)


def test_fallbacks_tell_what_is_shown() -> None:
    stored, mean = make(rule="stored"), make(biases=True)
    requests = [Request(empty_history()), Request(history_of(["i0"], "eve")), Request(history_of(["i0"], "ann"))]
    assert stored.fallbacks(requests) == [
        "no history yet: items in no order",
        "no stored vector of this user: mean of the items in the history",
        None,
    ]
    assert mean.fallbacks(requests) == ["no history yet: items by their biases", None, None]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("columns", np.array([0, 1])),
        ("columns", np.full(N_ITEMS, N_OWN)),
        ("user_vectors", np.zeros((3, SIZE), dtype=np.float32)),
        ("user_vectors", np.zeros((2, SIZE + 1), dtype=np.float32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=name):
        VectorModel(ITEM_IDS, VectorConfig("dot", "stored"), {**make(rule="stored").arrays(), name: value})


def test_neighbours_are_those_of_the_vectors() -> None:
    model = make()
    vectors = model.item_vectors()
    assert vectors.shape == (N_ITEMS, SIZE)
    assert not vectors[COLUMNS < 0].any()
    np.testing.assert_array_equal(vectors[0], model.arrays()["item_vectors"][3])
