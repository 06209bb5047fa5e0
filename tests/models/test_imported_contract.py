"""Contract of every model that can be imported: what `test_contract.py` demands of models trained here, where it applies.

A new kind is one line in IMPORTED: a function that makes a small model of a dataset.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.core import (
    Dataset,
    Event,
    FallsBack,
    HoldsLists,
    Request,
    Traces,
    empty_history,
    find_fixed_reason,
    recommend,
    request_at,
    shows_attention,
)
from recsys.core.errors import UnknownNameError
from recsys.core.split import split_interactions
from recsys.evaluation import evaluate_model, identify_model
from recsys.evaluation.replay import replay_history
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.models import IMPORTED_MODELS, build_config, find_model_spec
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.recommendation_lists import ListsConfig, RecommendationLists
from recsys.models.imported.vector_model import VectorConfig, VectorModel
from recsys.training import checkpoints
from tests.models.test_contract import CLOSE, requests_of, with_other_future

UNKNOWN = 2
"""Items of the dataset that the models of IMPORTED do not know: the last ones."""


def make_lists(dataset: Dataset, folder: Path) -> RecommendationLists:
    """Three lists of five items for every user but one, made at the start, in the middle and at the end."""
    random = np.random.default_rng(1)
    lists = sorted(
        (hash_user_id(user), step)
        for user in dataset.user_ids[1:]
        for step in {0, len(dataset.history(user)) // 2, len(dataset.history(user))}
    )
    known = len(dataset.item_ids) - UNKNOWN
    arrays = {
        "user_hashes": np.array([user for user, _step in lists], dtype=np.uint64),
        "steps": np.array([step for _user, step in lists]),
        "starts": np.arange(len(lists) + 1) * 5,
        "items": np.concatenate([random.permutation(known)[:5] for _ in lists]),
        "scores": np.tile(np.float32([0.9, 0.5, 0.5, 0.2, -0.1]), len(lists)),
    }
    return RecommendationLists(dataset.item_ids, ListsConfig(), arrays)


def make_vectors(similarity: str, rule: str) -> Callable[[Dataset, Path], VectorModel]:
    def make(dataset: Dataset, folder: Path) -> VectorModel:
        random = np.random.default_rng(2)
        columns = np.append(random.permutation(len(dataset.item_ids) - UNKNOWN), np.full(UNKNOWN, -1))
        arrays = {
            "columns": columns,
            "item_vectors": random.normal(size=(len(columns), 6)).astype(np.float32),
            "item_biases": random.normal(size=len(columns)).astype(np.float32),
        }
        if rule == "stored":
            users = dataset.user_ids[1:]
            arrays["user_hashes"] = np.array([hash_user_id(user) for user in users], dtype=np.uint64)
            arrays["user_vectors"] = random.normal(size=(len(users), 6)).astype(np.float32)
        return VectorModel(dataset.item_ids, VectorConfig(similarity, rule), arrays)

    return make


def make_recbole(name: str) -> Callable[[Dataset, Path], Any]:
    def make(dataset: Dataset, folder: Path) -> Any:
        from tests.model_import.recbole_files import MAX_LENGTH, SETTINGS, draw_arrays

        model_class = IMPORTED_MODELS[f"recbole-{name.lower()}"].load()
        is_known = np.arange(len(dataset.item_ids)) < len(dataset.item_ids) - UNKNOWN
        arrays = draw_arrays(name, len(dataset.item_ids), 1) | {"is_known": is_known}
        return model_class.restore(dataset.item_ids, model_class.Config(max_length=MAX_LENGTH, **SETTINGS[name]), arrays)

    return make


def make_rectools(variant: str) -> Callable[[Dataset, Path], Any]:
    def make(dataset: Dataset, folder: Path) -> Any:
        from tests.model_import.test_rectools_export import VARIANTS, make_export, read

        return read(make_export(folder, list(dataset.item_ids[:-UNKNOWN]), VARIANTS[variant]), dataset).model

    return make


def make_hugging_face(kind: str) -> Callable[[Dataset, Path], Any]:
    def make_model(dataset: Dataset, folder: Path) -> Any:
        from tests.model_import.test_hugging_face_folder import SPECIAL, make, read, write

        names = {token: number for number, token in enumerate([*SPECIAL, *dataset.item_ids[:-UNKNOWN]])}
        return read(write(folder, make(kind, len(names)), names), dataset).model

    return make_model


def make_onnx(dataset: Dataset, folder: Path) -> Any:
    from recsys.model_import import onnx_file
    from tests.model_import.test_onnx_file import graph

    folder.mkdir()
    (folder / "net.onnx").write_bytes(graph().SerializeToString())
    (folder / "items.json").write_text(json.dumps([*dataset.item_ids[:-UNKNOWN], *("elsewhere", "nowhere")]))
    (imported,) = onnx_file.read(folder / "net.onnx", dataset, ImportOptions())
    return imported.model


IMPORTED: dict[str, tuple[str, Callable[[Dataset, Path], Any]]] = {
    "lists": ("lists", make_lists),
    "vectors, mean": ("vectors", make_vectors("dot", "mean")),
    "vectors, last": ("vectors", make_vectors("euclidean", "last")),
    "vectors, stored": ("vectors", make_vectors("cosine", "stored")),
    "recbole-sasrec": ("recbole-sasrec", make_recbole("SASRec")),
    "recbole-gru4rec": ("recbole-gru4rec", make_recbole("GRU4Rec")),
    "recbole-bert4rec": ("recbole-bert4rec", make_recbole("BERT4Rec")),
    "recbole-narm": ("recbole-narm", make_recbole("NARM")),
    "rectools-sasrec": ("rectools-sasrec", make_rectools("sasrec")),
    "rectools-bert4rec": ("rectools-bert4rec", make_rectools("bert4rec")),
    "hf-causal": ("hf-causal", make_hugging_face("gpt2")),
    "hf-masked": ("hf-masked", make_hugging_face("bert")),
    "onnx": ("onnx", make_onnx),
}
"""The kind in IMPORTED_MODELS, and a function that makes a model of a dataset that knows all but the last UNKNOWN items.

Files that it needs are written to the folder, which does not exist yet.
"""


def test_every_kind_of_imported_model_is_tested() -> None:
    assert {kind for kind, _make in IMPORTED.values()} == set(IMPORTED_MODELS) - {"code"}, "code has no checkpoint"


def is_score(scores: np.ndarray) -> np.ndarray:
    return np.isfinite(scores) | (scores == -np.inf)


@pytest.mark.parametrize("name", IMPORTED)
class TestEveryImportedModel:
    @pytest.fixture
    def model(self, name: str, tiny: Dataset, tmp_path: Path) -> Any:
        return IMPORTED[name][1](tiny, tmp_path / "model")

    def test_the_kind_is_registered(self, name: str, model: Any) -> None:
        spec = IMPORTED_MODELS[IMPORTED[name][0]]
        assert isinstance(model, spec.load())
        assert isinstance(model.config, spec.load().Config)
        assert identify_model(model) == IMPORTED[name][0]
        assert find_model_spec(IMPORTED[name][0]) is spec

    def test_scores_are_float32_and_numbers_or_not_listed(self, model: Any, tiny: Dataset) -> None:
        requests = requests_of(tiny)
        scores = model.score(requests)
        assert scores.dtype == np.float32 and scores.shape == (len(requests), len(tiny.item_ids))
        assert is_score(scores).all()
        assert (scores[:, -UNKNOWN:] == -np.inf).all()
        listed = model.has_lists(requests) if isinstance(model, HoldsLists) else np.ones(len(requests), dtype=bool)
        assert np.array_equal(np.isfinite(scores).any(axis=1), listed)
        assert isinstance(model, HoldsLists) or np.isfinite(scores[:, :-UNKNOWN]).all()
        assert list(model.item_ids) == list(tiny.item_ids) == list(model.vocabulary.item_ids)

    def test_no_requests_no_scores(self, model: Any) -> None:
        assert model.score([]).shape == (0, len(model.item_ids))

    def test_batching_does_not_change_scores(self, model: Any, tiny: Dataset) -> None:
        requests = requests_of(tiny)
        together = model.score(requests)
        np.testing.assert_allclose(together, np.concatenate([model.score([request]) for request in requests]), **CLOSE)
        np.testing.assert_allclose(together[::-1], model.score(requests[::-1]), **CLOSE)

    def test_asking_changes_nothing(self, model: Any, tiny: Dataset) -> None:
        before = {key: np.array(value) for key, value in model.arrays().items()}
        first, second = model.score(requests_of(tiny)), model.score(requests_of(tiny))
        np.testing.assert_array_equal(first, second)
        first[:] = 7  # the caller's own
        np.testing.assert_array_equal(second, model.score(requests_of(tiny)))
        for key, value in model.arrays().items():
            np.testing.assert_array_equal(before[key], value)

    def test_empty_histories_and_strangers(self, model: Any) -> None:
        scores = model.score([Request(empty_history()), Request(empty_history("nobody"), time=1.7e9, utc_offset=0.0, place=(40.5, -73.5))])
        assert is_score(scores).all()

    def test_unknown_items_are_ignored(self, name: str, model: Any, tiny: Dataset) -> None:
        if find_fixed_reason(model):
            return  # no event matters
        history = tiny.history("u03").until(2)
        gap = Event("no such item")
        np.testing.assert_allclose(model.score([Request(history.then(gap))]), model.score([Request(history)]), **CLOSE)
        only = empty_history().then(gap)
        np.testing.assert_allclose(model.score([Request(only)]), model.score([Request(empty_history())]), **CLOSE)

    def test_items_that_the_model_does_not_know_are_ignored(self, model: Any, tiny: Dataset) -> None:
        if find_fixed_reason(model):
            return
        history = tiny.history("u03").until(2)
        unknown = history.then(Event(str(tiny.item_ids[-1])))
        np.testing.assert_allclose(model.score([Request(unknown)]), model.score([Request(history)]), **CLOSE)
        assert is_score(model.score([Request(empty_history().then(Event(str(tiny.item_ids[-1]))))])).all()

    def test_unknown_candidates_are_an_error_that_names_them(self, model: Any, tiny: Dataset) -> None:
        with pytest.raises(UnknownNameError, match="no such item"):
            model.score([Request(tiny.history("u00"), candidates=("i01", "no such item"))])

    def test_items_that_are_no_candidates_are_minus_infinity(self, model: Any, tiny: Dataset) -> None:
        every = model.score([Request(tiny.history("u01"))])[0]
        some = model.score([Request(tiny.history("u01"), candidates=("i05", "i02", str(tiny.item_ids[-1])))])[0]
        inside = np.isin(tiny.item_ids, ["i02", "i05", tiny.item_ids[-1]])
        np.testing.assert_allclose(some[inside], every[inside], **CLOSE)
        assert (some[~inside] == -np.inf).all()
        assert (model.score([Request(tiny.history("u01"), candidates=())]) == -np.inf).all()

    def test_restoring_from_arrays_is_exact(self, model: Any, tiny: Dataset) -> None:
        again = type(model).restore(model.item_ids, model.config, model.arrays())
        np.testing.assert_array_equal(again.score(requests_of(tiny)), model.score(requests_of(tiny)))

    def test_the_config_is_plain(self, model: Any) -> None:
        settings = json.dumps(asdict(model.config))
        assert json.dumps(asdict(build_config(type(model.config), json.loads(settings)))) == settings

    def test_checkpoint_round_trip_is_exact(self, name: str, model: Any, tiny: Dataset, tmp_path: Path) -> None:
        card = save_imported_model(ImportedModel(IMPORTED[name][0], model, "brought"), tiny, folder=tmp_path / "first")
        loaded = checkpoints.load_checkpoint(tmp_path / "first")
        checkpoints.check_dataset_match(loaded.card, tiny)
        assert loaded.card.model == card.model == IMPORTED[name][0]
        assert {each.name for each in (tmp_path / "first").iterdir()} == {checkpoints.WEIGHTS, checkpoints.ITEMS, checkpoints.CARD}
        np.testing.assert_array_equal(loaded.model.score(requests_of(tiny)), model.score(requests_of(tiny)))
        checkpoints.save_checkpoint(tmp_path / "again", loaded.model, loaded.card)
        assert checkpoints.load_checkpoint(tmp_path / "again").fingerprint == loaded.fingerprint

    def test_the_future_does_not_change_a_step(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u01")
        for step in (0, 1, len(history) // 2, len(history) - 1):
            other = with_other_future(history, step)
            np.testing.assert_array_equal(model.score([request_at(other, step)]), model.score([request_at(history, step)]))
            if isinstance(model, Traces):
                same, changed = model.trace(history).states, model.trace(other).states
                np.testing.assert_allclose(changed[: step + 1], same[: step + 1], **CLOSE)

    def test_tracing_is_step_by_step_scoring(self, model: Any, tiny: Dataset) -> None:
        if not isinstance(model, Traces):
            return
        history = max((tiny.history(user) for user in tiny.user_ids), key=len)
        steps = np.arange(len(history) + 1)
        by_step = model.score([request_at(history, int(step)) for step in steps])
        np.testing.assert_allclose(model.score_trace(model.trace(history), steps), by_step, **CLOSE)

    def test_a_replay_is_step_by_step_ranking(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u04")
        ranks = replay_history(model, history, repeats=True).ranks
        for step, item in enumerate(history.items):
            [scores] = model.score([request_at(history, step)])
            own = scores[model.vocabulary.encode([item])[0] - 1]
            expected = 1 + (scores > own).sum() + ((scores == own).sum() - 1) / 2
            if isinstance(model, HoldsLists):
                expected = np.inf if own == -np.inf else expected
            assert ranks[step] == pytest.approx(expected)

    def test_attention_is_shown_where_the_model_says_so(self, model: Any, tiny: Dataset) -> None:
        if isinstance(model, Traces):
            traced = model.trace(tiny.history("u01").until(3), attention=True)
            assert (traced.attention is not None) == shows_attention(model)
        else:
            assert not shows_attention(model)

    def test_fixed_scores_are_fixed_and_others_are_not(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u01")
        others_of = replace(history, items=history.items[::-1].copy())
        reason = find_fixed_reason(model)
        scores, others = model.score([Request(history), Request(others_of)])
        assert reason is None or (reason.strip() and np.array_equal(scores, others))
        if reason is None:
            found = model.score([request_at(history, step) for step in range(len(history))])
            assert len({row.tobytes() for row in found}) > 1

    def test_seen_items_are_recommended_only_with_repeats(self, model: Any, tiny: Dataset) -> None:
        history = replace(tiny.history("u04"), dislikes=("i00", "no such item"))
        scores = model.score([Request(history)])[0]
        listed = set(tiny.item_ids[np.isfinite(scores)])
        again = [each.item_id for each in recommend(model, Request(history), k=15, repeats=True)]
        assert sorted(again) == sorted(listed - {"i00"})
        new = {each.item_id for each in recommend(model, Request(history), k=15, repeats=False)}
        assert new == listed - set(history.items) - {"i00"}

    def test_a_fallback_is_a_short_reason(self, model: Any, tiny: Dataset) -> None:
        if not isinstance(model, FallsBack):
            return
        requests = [Request(empty_history()), *requests_of(tiny)[:6]]
        reasons = model.fallbacks(requests)
        assert reasons == [model.fallback(request) for request in requests]
        assert all(reason is None or 0 < len(reason) < 90 for reason in reasons)

    @pytest.mark.parametrize("repeats", [True, False])
    def test_every_model_can_be_evaluated(self, model: Any, repeats: bool, tiny: Dataset) -> None:
        dataset = replace(tiny, repeats=repeats)
        found = evaluate_model(model, dataset, split_interactions(dataset, "last-out"), "test")
        assert all(0 <= found.metrics[key] <= 1 for key in ("hr@1", "hr@10", "ndcg@10", "mrr", "coverage@10"))
        assert not np.isnan(found.ranks).any() and (found.ranks >= 1).all()
