"""Contract of every model in MODELS; a new entry is tested without changes here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Event, FallsBack, History, Request, Traces, empty_history, recommend, request_at, shows_attention
from recsys.core.errors import DataError, UnknownNameError
from recsys.core.split import TRAIN, VALIDATION, split_interactions
from recsys.models import MODELS
from recsys.training import checkpoints
from tests.conftest import WHOLE

ORDER_ONLY = [name for name in WHOLE if not MODELS[name].needs]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # float32 sums in another order


def requests_of(dataset: Dataset) -> list[Request]:
    """Requests of many lengths, in no order, an empty history among them."""
    histories = [dataset.history(user) for user in dataset.user_ids]
    return [request_at(history, step) for history in histories for step in (len(history), 0, len(history) // 2)]


def with_other_future(history: History, step: int) -> History:
    """The same first `step` events and the same time of the next one; everything else of the future is different."""
    after = slice(step + 1, None)

    def changed(column: np.ndarray | None, start: slice, value: Any) -> np.ndarray | None:
        if column is None:
            return None
        column = column.copy()
        column[start] = value
        return column

    return replace(
        history,
        items=changed(history.items, slice(step, None), "i14"),
        times=changed(history.times, after, 2e9),
        utc_offsets=changed(history.utc_offsets, after, 600.0),
        places=changed(history.places, slice(step, None), 10.0),
        behaviours=changed(history.behaviours, slice(step, None), "save"),
        ratings=changed(history.ratings, slice(step, None), 1.0),
        texts=changed(history.texts, slice(step, None), "something else"),
    )


def with_other_held_out_events(dataset: Dataset, kept: tuple[int, ...] = (TRAIN,)) -> Dataset:
    """Return the dataset with other values in all events except those with the labels `kept` under last-out."""
    table = dataset.interactions.copy()
    kept_back = ~np.isin(split_interactions(dataset, "last-out").labels, kept)
    other = {"item_id": "i00", "rating": 1.0, "behaviour": "save", "utc_offset": 600.0, "latitude": 10.0, "longitude": 10.0, "text": "tea"}
    for column, value in other.items():
        if column in table:
            table.loc[kept_back, column] = value
    if "timestamp" in table:
        table.loc[kept_back, "timestamp"] += np.timedelta64(9000, "D")
    return placed(replace(dataset, interactions=table)) if dataset.places_of_events else replace(dataset, interactions=table)


def placed(dataset: Dataset) -> Dataset:
    """Items lie in the middle of their events, as ingest has it where a file says where each event was."""
    middle = dataset.interactions.groupby("item_id", observed=False)[["latitude", "longitude"]].median()
    return replace(dataset, items=dataset.items.assign(**middle), places_of_events=True)


@pytest.fixture(scope="module")
def moving(tiny: Dataset) -> Dataset:
    """The tiny data, every event with a place of its own."""
    jitter = np.random.default_rng(9).normal(scale=0.01, size=(len(tiny.interactions), 2))
    places = dict(zip(("latitude", "longitude"), (tiny.places + jitter).T, strict=True))
    return placed(replace(tiny, name="moving", interactions=tiny.interactions.assign(**places)))


@pytest.mark.parametrize("name", WHOLE)
class TestEveryModel:
    @pytest.fixture
    def model(self, name: str, tiny: Dataset, trained: Callable[..., Any]) -> Any:
        return trained(name, tiny)

    def test_scores_are_float32_and_numbers(self, model: Any, tiny: Dataset) -> None:
        scores = model.score(requests_of(tiny))
        assert scores.dtype == np.float32
        assert scores.shape == (len(requests_of(tiny)), len(tiny.item_ids))
        assert np.isfinite(scores).all()
        assert list(model.item_ids) == list(tiny.item_ids)

    def test_no_requests_no_scores(self, model: Any) -> None:
        assert model.score([]).shape == (0, len(model.item_ids))

    def test_batching_does_not_change_scores(self, model: Any, tiny: Dataset) -> None:
        requests = requests_of(tiny)
        together = model.score(requests)
        np.testing.assert_allclose(together, np.concatenate([model.score([request]) for request in requests]), **CLOSE)
        np.testing.assert_allclose(together[::-1], model.score(requests[::-1]), **CLOSE)

    def test_asking_changes_nothing(self, model: Any, tiny: Dataset) -> None:
        before = {name: np.array(value) for name, value in model.arrays().items()}
        first, second = model.score(requests_of(tiny)), model.score(requests_of(tiny))
        np.testing.assert_array_equal(first, second)
        for name, value in model.arrays().items():
            np.testing.assert_array_equal(before[name], value)

    def test_empty_history_scores_every_item(self, model: Any) -> None:
        requests = [Request(empty_history()), Request(empty_history("nobody"), time=1.7e9, utc_offset=0.0, place=(40.5, -73.5))]
        assert np.isfinite(model.score(requests)).all()

    def test_unknown_items_are_ignored(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u03").until(2)
        gap = Event("no such item", *(column[1] for column in (history.times, history.utc_offsets)), (1.0, 2.0), "view", 3.0)
        rest = Event(history.items[0], history.times[1], history.utc_offsets[1], tuple(history.places[0]), "visit", 5.0)
        known = history.then(rest)
        with_gap = history.then(gap).then(rest).then(gap)
        np.testing.assert_allclose(model.score([Request(with_gap)]), model.score([Request(known)]), **CLOSE)
        only = empty_history().then(Event("no such item"))
        np.testing.assert_allclose(model.score([Request(only)]), model.score([Request(empty_history())]), **CLOSE)

    def test_unknown_candidates_are_an_error_that_names_them(self, model: Any, tiny: Dataset) -> None:
        with pytest.raises(UnknownNameError, match="no such item"):
            model.score([Request(tiny.history("u00"), candidates=("i01", "no such item"))])

    def test_items_that_are_no_candidates_are_minus_infinity(self, model: Any, tiny: Dataset) -> None:
        every = model.score([Request(tiny.history("u00"))])[0]
        some = model.score([Request(tiny.history("u00"), candidates=("i05", "i02"))])[0]
        inside = np.isin(tiny.item_ids, ["i02", "i05"])
        np.testing.assert_allclose(some[inside], every[inside], **CLOSE)
        assert (some[~inside] == -np.inf).all()
        assert (model.score([Request(tiny.history("u00"), candidates=())]) == -np.inf).all()

    def test_histories_with_gaps_in_what_is_known(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u05")
        bare = History(items=history.items)
        times, places = history.times.copy(), history.places.copy()
        times[::2], places[1::2] = np.nan, np.nan
        gaps = replace(history, times=times, places=places, utc_offsets=np.full(len(history), np.nan))
        assert np.isfinite(model.score([Request(bare), Request(gaps), Request(history)])).all()

    def test_restoring_from_arrays_is_exact(self, model: Any, tiny: Dataset) -> None:
        again = type(model).restore(model.item_ids, model.config, model.arrays())
        np.testing.assert_array_equal(again.score(requests_of(tiny)), model.score(requests_of(tiny)))

    def test_checkpoint_round_trip_is_exact(self, name: str, model: Any, tiny: Dataset, tmp_path: Any) -> None:
        from recsys.training import loop

        settings = {} if not MODELS[name].gradient else {"embedding_size": 8, "epochs": 1, "batch_tokens": 64}
        *_, last = loop.train_model(name, tiny, settings=settings, device="cpu", folder=tmp_path / name)
        loaded = checkpoints.load_checkpoint(last.checkpoint)
        checkpoints.check_dataset_match(loaded.card, tiny)
        checkpoints.save_checkpoint(tmp_path / "again", loaded.model, loaded.card)
        again = checkpoints.load_checkpoint(tmp_path / "again")
        assert again.fingerprint == loaded.fingerprint
        np.testing.assert_array_equal(again.model.score(requests_of(tiny)), loaded.model.score(requests_of(tiny)))

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
        by_step = model.score([request_at(history, step) for step in range(len(history) + 1)])
        np.testing.assert_allclose(model.score_trace(model.trace(history), np.arange(len(history) + 1)), by_step, **CLOSE)

    def test_attention_is_shown_where_the_model_says_so(self, name: str, model: Any, tiny: Dataset) -> None:
        assert MODELS[name].shows_attention == shows_attention(model)
        if isinstance(model, Traces):
            traced = model.trace(tiny.history(str(tiny.user_ids[0])).until(3), attention=True)
            assert (traced.attention is not None) == shows_attention(model)

    def test_training_reads_only_training_events(self, name: str, model: Any, tiny: Dataset, trained: Callable[..., Any]) -> None:
        again = trained(name, with_other_held_out_events(tiny, (TRAIN, VALIDATION) if MODELS[name].parts else (TRAIN,)), fresh=True)
        assert sorted(again.arrays()) == sorted(model.arrays())
        for key, value in model.arrays().items():
            np.testing.assert_array_equal(again.arrays()[key], value, err_msg=key)

    def test_training_reads_only_places_of_training_events(self, name: str, moving: Dataset, trained: Callable[..., Any]) -> None:
        if "place" not in MODELS[name].aware:
            return
        other = with_other_held_out_events(moving, (TRAIN, VALIDATION) if MODELS[name].parts else (TRAIN,))
        model, again = trained(name, moving), trained(name, other, fresh=True)
        for key, value in model.arrays().items():
            np.testing.assert_array_equal(again.arrays()[key], value, err_msg=key)

    def test_the_seed_decides_everything(self, name: str, model: Any, tiny: Dataset, trained: Callable[..., Any]) -> None:
        again = trained(name, tiny, fresh=True)
        for key, value in model.arrays().items():
            np.testing.assert_array_equal(again.arrays()[key], value, err_msg=key)

    def test_the_context_matters_only_to_models_that_are_aware_of_it(self, name: str, model: Any, tiny: Dataset) -> None:
        history, aware = tiny.history("u02"), MODELS[name].aware
        history = history.until(len(history) // 2)
        here = model.score([Request(history)])
        later = Request(history, time=float(history.times[-1]) + 7.5 * 3600, utc_offset=0.0)
        elsewhere = Request(history, place=(40.01, -73.99))
        for context, request in {"time": later, "place": elsewhere}.items():
            assert context in aware or np.array_equal(model.score([request]), here), context
        assert not aware or not all(np.array_equal(model.score([request]), here) for request in (later, elsewhere))

    def test_seen_items_are_recommended_only_with_repeats(self, model: Any, tiny: Dataset) -> None:
        history = replace(tiny.history("u04"), dislikes=("i00", "no such item"))
        new = {each.item_id for each in recommend(model, Request(history), k=15, repeats=False)}
        assert new == set(tiny.item_ids) - set(history.items) - {"i00"}
        again = [each.item_id for each in recommend(model, Request(history), k=15, repeats=True)]
        assert sorted(again) == sorted(set(tiny.item_ids) - {"i00"})

    def test_a_fallback_is_a_short_reason(self, model: Any, tiny: Dataset) -> None:
        if not isinstance(model, FallsBack):
            return
        reasons = [model.fallback(Request(empty_history())), model.fallback(Request(tiny.history("u01")))]
        assert all(reason is None or 0 < len(reason) < 90 for reason in reasons)

    def test_settings_that_cannot_be_are_an_error(self, name: str) -> None:
        with pytest.raises(UnknownNameError, match="no_such_setting"):
            MODELS[name].config(no_such_setting=1)
        number = next(
            key for key, field in MODELS[name].load().Config.__dataclass_fields__.items() if isinstance(field.default, (int, float))
        )
        with pytest.raises(DataError, match=number):
            MODELS[name].config(**{number: -1})


@pytest.mark.parametrize("name", ORDER_ONLY)
class TestEveryModelOfOrderAlone:
    def test_scores_without_times_and_places(self, name: str, order_only: Dataset, trained: Callable[..., Any]) -> None:
        model = trained(name, order_only)
        requests = requests_of(order_only)
        scores = model.score(requests)
        assert np.isfinite(scores).all()
        np.testing.assert_allclose(scores, np.concatenate([model.score([request]) for request in requests]), **CLOSE)
