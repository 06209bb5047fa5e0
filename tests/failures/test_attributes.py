"""Attributes against reading one case at a time, on small data and on a miniature of every dataset."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recsys.core import Dataset
from recsys.core.formatting import local_time
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, split_interactions
from recsys.datasets import DATASETS, open_dataset, prepare_dataset
from recsys.evaluation import Evaluation, evaluate_model
from recsys.failures.attributes import ATTRIBUTES, UNKNOWN, Attribute, find_attributes
from recsys.failures.binning import GAPS, bin_values, choose_limits, read_bin, roundest
from recsys.failures.data_columns import MOST_VALUES, OTHERS, encode_column, encode_words, join_rare
from recsys.failures.slice_report import measure_slices
from recsys.failures.wording import explain_attribute, title_attribute, title_slice, word_value
from tests.datasets import miniatures
from tests.failures.conftest import rank_cases


def attributes_of(dataset: Dataset, protocol: str = "last-out", which: str = "validation") -> dict[str, Attribute]:
    evaluation = rank_cases(dataset, protocol=protocol, which=which)
    return {each.name: each for each in find_attributes(evaluation, dataset, split_interactions(dataset, protocol))}


def read_one_by_one(dataset: Dataset, protocol: str, which: str) -> dict[str, list[Any]]:
    """What each attribute is about, for every case, from histories; None or NaN where unknown."""
    labels = split_interactions(dataset, protocol).labels
    evaluation = rank_cases(dataset, protocol=protocol, which=which)
    trained = dataset.interactions[labels == TRAIN]
    found: dict[str, list[Any]] = {}
    for row in evaluation.rows:
        event = dataset.interactions.iloc[row]
        history = dataset.history(event["user_id"])
        step = int(row - dataset.rows(event["user_id"]).start)
        before = history.until(int(history.count_known(np.array([step]))[0]))
        time = math.nan if history.times is None else history.times[step]
        offset = None if history.utc_offsets is None else history.utc_offsets[step]
        clock = local_time(time, offset)
        last_time = before.times[-1] if before.times is not None and len(before) else math.nan
        apart = math.nan
        if history.places is not None and len(before):
            apart = float(kilometres(before.places[-1:], history.places[step : step + 1])[0, 0])
        item = dataset.items.loc[event["item_id"]]
        facts = {
            "activity": int((trained["user_id"] == event["user_id"]).sum()),
            "history": len(before),
            "popularity": int((trained["item_id"] == event["item_id"]).sum()),
            "recurrence": "return" if event["item_id"] in set(before.items) else "new",
            "category": item.get("category"),
            "behaviour": event.get("behaviour"),
            "hour": None if clock is None else clock.hour,
            "weekday": None if clock is None else str(clock.weekday()),
            "gap": time - last_time,
            "distance": apart,
            "district": item.get("district"),
        }
        for name, value in facts.items():
            found.setdefault(name, []).append(value)
    return found


def holds(attribute: Attribute, code: int, value: Any) -> bool:
    """Whether a case with this value of its own is rightly in the slice with this code."""
    if value is None or value != value:
        return code == UNKNOWN
    key = attribute.values[code]
    limits = read_bin(key)
    if limits is not None:
        return limits[0] <= value < limits[1] and code != UNKNOWN
    return key == value or (key == OTHERS and value not in attribute.values)


def compare_with_reading(dataset: Dataset, protocol: str, which: str) -> dict[str, Attribute]:
    found, read = attributes_of(dataset, protocol, which), read_one_by_one(dataset, protocol, which)
    for name, attribute in found.items():
        values = read.get(name.removeprefix("utc_"))
        if values is not None and not (name == "district" and "district" not in dataset.items):
            assert all(holds(attribute, code, value) for code, value in zip(attribute.codes, values, strict=True)), name
        used = set(attribute.codes.tolist()) - {UNKNOWN}
        assert used == set(range(len(attribute.values))) and len(used) > 1
        assert len(set(attribute.values)) == len(attribute.values)
    return found


@pytest.mark.parametrize("which", ["validation", "test"])
@pytest.mark.parametrize("protocol", ["last-out", "temporal"])
def test_every_case_is_where_it_belongs(tiny: Dataset, protocol: str, which: str) -> None:
    found = compare_with_reading(tiny, protocol, which)
    everything = {"activity", "popularity", "recurrence", "category", "behaviour", "hour", "weekday", "gap", "distance"}
    assert everything <= set(found)
    assert ("history" in found) == (protocol == "temporal"), "under last-out it is the activity"
    assert not {"utc_hour", "utc_weekday"} & set(found), "offsets are known"


def test_events_at_one_moment_are_not_known_to_each_other(tiny: Dataset) -> None:
    baskets = tiny.interactions.assign(timestamp=tiny.interactions["timestamp"].dt.floor("20D"))
    compare_with_reading(replace(tiny, interactions=baskets, ties="together"), "last-out", "validation")


def test_without_offsets_hours_are_utc(tiny: Dataset) -> None:
    found = compare_with_reading(replace(tiny, interactions=tiny.interactions.drop(columns="utc_offset")), "last-out", "validation")
    assert {"utc_hour", "utc_weekday"} <= set(found) and not {"hour", "weekday"} & set(found)


@pytest.mark.parametrize(("known", "local"), [(0.2, False), (0.8, True)])
def test_hours_are_local_where_most_offsets_are_known(tiny: Dataset, known: float, local: bool) -> None:
    offsets = np.where(np.random.default_rng(1).random(len(tiny.interactions)) < known, -240.0, math.nan)
    dataset = replace(tiny, interactions=tiny.interactions.assign(utc_offset=offsets))
    found = attributes_of(dataset)
    hour = found["hour" if local else "utc_hour"]
    rows = rank_cases(dataset).rows
    clocks = [local_time(tiny.times[row], offsets[row] if local else None) for row in rows]
    assert all(holds(hour, code, clock.hour) for code, clock in zip(hour.codes, clocks, strict=True))


def test_without_times_places_and_categories(order_only: Dataset) -> None:
    found = compare_with_reading(order_only, "last-out", "validation")
    assert set(found) == {"activity", "popularity"}
    assert measure_slices(rank_cases(order_only), order_only, split_interactions(order_only, "last-out")).slices


def test_missing_times_and_places_are_unknown(tiny: Dataset) -> None:
    holes = tiny.interactions.copy()
    holes.loc[holes.index % 3 == 0, "timestamp"] = pd.NaT
    items = tiny.items.copy()
    items.loc[items.index[::2], ["latitude", "longitude"]] = np.nan
    found = compare_with_reading(replace(tiny, interactions=holes, items=items), "last-out", "validation")
    assert (found["gap"].codes == UNKNOWN).any() and (found["distance"].codes == UNKNOWN).any()


def test_an_attribute_of_one_value_is_left_out(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([(user, item) for user in "uvw" for item in "abcd"], repeats=False)
    assert attributes_of(dataset) == {}


def test_columns_of_the_data_are_attributes(tiny: Dataset) -> None:
    users = pd.DataFrame(
        {
            "plan": ["free", "paid"] * 6,
            "age": [str(20 + at) for at in range(12)],
            "vip": [True] * 4 + [False] * 8,
            "name": [f"Name {at}" for at in range(12)],
            "postcode": [f"0{at}123" for at in range(12)],
            "joined": pd.date_range("2020-01-01", periods=12),
            "empty": [None] * 12,
            "tags": [["a", "b"]] * 12,
            "one": ["same"] * 12,
        },
        index=pd.Index(tiny.user_ids[::-1], name="user_id"),
    )
    dataset = replace(tiny, users=users, items=tiny.items.assign(price=np.arange(15.0), shelf=["a", "b", "c"] * 5))
    found = attributes_of(dataset)
    assert {name for name in found if ":" in name} == {"user:plan", "user:age", "user:vip", "item:price", "item:shelf"}
    evaluation = rank_cases(dataset)
    for name, column in (("user:plan", "plan"), ("user:age", "age"), ("user:vip", "vip")):
        for code, user in zip(found[name].codes, evaluation.user_codes, strict=True):
            value = users.loc[tiny.user_ids[user], column]
            assert holds(found[name], code, float(value) if column == "age" else {True: "yes", False: "no"}.get(value, value))
    assert title_slice("user:plan", "free") == "User’s plan: free"


@given(
    st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6), st.integers(-50, 50).map(float)), min_size=1, max_size=60), st.booleans()
)
def test_bins_hold_their_values_and_none_is_empty(drawn: list[float], as_gaps: bool) -> None:
    values = np.abs(drawn) if as_gaps else np.array(drawn)
    limits = choose_limits(values, GAPS if as_gaps else ())
    codes, keys = bin_values(values, limits)
    assert len(keys) == len(limits) + 1 <= 5 and limits == sorted(set(limits))
    assert not as_gaps or set(limits) <= set(GAPS)
    for value, code in zip(values, codes, strict=True):
        low, high = read_bin(keys[code]) if code >= 0 else (math.nan, math.nan)
        assert (code == -1) == math.isnan(value) and (math.isnan(value) or low <= value < high)
    if np.isfinite(values).any():
        assert set(codes.tolist()) - {-1} == set(range(len(keys)))


@given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e6))
def test_the_roundest_number_is_in_its_interval_and_short(low: float, width: float) -> None:
    assume(low + width > low)
    found = roundest(low, low + width)
    slack = 1e-8 * max(abs(low), width)
    assert low - slack <= found <= low + width + slack


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (17, 26, 20),
        (93, 120, 100),
        (41, 44, 42),
        (0.17, 0.26, 0.2),
        (-3, 4, 0),
        (-44, -41, -44),
        (1_940, 2_060, 2_000),
        (5, 5, 5),
        (3, 9, 5),
    ],
)
def test_known_round_numbers(low: float, high: float, expected: float) -> None:
    assert roundest(low, high) == pytest.approx(expected)


def test_rare_values_are_joined() -> None:
    codes = np.concatenate([np.repeat(np.arange(30), 3), np.repeat(np.arange(0, 30, 2), 5), [-1]])
    joined, values = join_rare(codes, tuple(f"v{at:02}" for at in range(30)))
    assert len(values) == MOST_VALUES + 1 and values[-1] == OTHERS and list(values[:-1]) == sorted(values[:-1])
    for code, other in zip(codes, joined, strict=True):
        name = f"v{code:02}" if code >= 0 else None
        assert (other == -1) if name is None else values[other] == (name if name in values else OTHERS)
    counts = np.bincount(codes[:-1])
    kept = [int(value[1:]) for value in values[:-1]]
    assert counts[kept].min() >= np.delete(counts, kept).max()
    assert join_rare(codes % 21, tuple("v" * 21))[1] == tuple("v" * 21), "one alone is not joined"


def test_words_that_are_numbers() -> None:
    assert encode_column(pd.Series(["1", "2", None, "1"] * 5)) is not None
    codes, values = encode_column(pd.Series([1.0, math.nan, 2.5, 1.0])) or (None, ())
    assert values == ("1", "2.5") and list(codes) == [0, -1, 1, 0]
    assert encode_column(pd.Series([f"{at} street" for at in range(100)])) is None
    assert encode_column(pd.Series(["", None, "", "?", "Unknown"])) is None
    assert list(encode_words(np.array(["b", "?", "a", "unknown", None, "", math.nan], dtype=object))[0]) == [1, -1, 0, -1, -1, -1, -1]


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Dataset]]:
    """A miniature of an entry of DATASETS, prepared."""
    ready: dict[str, Dataset] = {}

    def open_miniature(name: str) -> Dataset:
        if name not in ready:
            place = tmp_path_factory.mktemp(name)
            raw = place / ("raw" if DATASETS[name].module else "assets/data")
            miniatures.write(name, raw)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("RECSYS_HOME", str(place / "home"))
                patch.delenv("RECSYS_DATA", raising=False)
                for module in ("recsys.datasets.registry", "recsys.datasets.importing.preparation"):
                    patch.setattr(f"{module}.ASSETS", place / "assets")
                prepare_dataset(name, root=raw)
                ready[name] = open_dataset(name)
        return ready[name]

    yield open_miniature


@pytest.mark.parametrize("name", DATASETS)
class TestEveryDataset:
    def test_attributes_are_there_or_lacking_for_a_reason(
        self, name: str, miniature: Callable[[str], Dataset], trained: Callable[..., Any]
    ) -> None:
        dataset = miniature(name)
        split = split_interactions(dataset, "last-out")
        evaluation = evaluate_model(trained("popularity", dataset), dataset, split)
        found = compare_with_reading(dataset, "last-out", "validation")
        for attribute in ATTRIBUTES:
            reason = explain_absence(attribute, dataset, evaluation)
            assert (attribute in found) == (reason is None), f"{attribute}: {reason or 'no reason'}"

    def test_every_slice_has_figures_and_words(self, name: str, miniature: Callable[[str], Dataset], trained: Callable[..., Any]) -> None:
        dataset = miniature(name)
        split = split_interactions(dataset, "last-out")
        report = measure_slices(evaluate_model(trained("popularity", dataset), dataset, split), dataset, split)
        assert report.cases == report.users == sum(each.cases for each in report.slices if each.attribute == "activity")
        for each in report.slices:
            assert each.cases == len(report.find_cases(each.attribute, each.value)) > 0
            assert title_attribute(each.attribute) and explain_attribute(each.attribute).endswith(".")
            assert word_value(each.attribute, each.value) and "inf" not in word_value(each.attribute, each.value).split()
        words = [title_slice(each.attribute, each.value) for each in report.slices]
        assert len(set(words)) == len(words)


def explain_absence(attribute: str, dataset: Dataset, evaluation: Evaluation) -> str | None:
    """The reason why a dataset must lack an attribute under last-out, from its abilities and its cases; None where it must have it."""
    has, read = set(dataset.has), read_one_by_one(dataset, "last-out", evaluation.split)
    needs = {"category": "category", "behaviour": "behaviour", "gap": "time", "distance": "place", "district": "place"}
    if attribute in needs and needs[attribute] not in has:
        return f"the data has no {needs[attribute]}"
    if attribute == "history":
        return "under last-out it is the activity"
    if attribute == "recurrence" and not dataset.repeats:
        return "items seen before are not candidates"
    if attribute in ("hour", "weekday") and not {"time", "utc_offset"} <= has:
        return "the local time is not known"
    if attribute in ("utc_hour", "utc_weekday") and ("time" not in has or "utc_offset" in has):
        return "there are no times, or local ones"
    if attribute == "change":
        return None if max(read["history"]) >= 30 else "histories are short"
    values = read[attribute.removeprefix("utc_")]
    if attribute in ("hour", "utc_hour"):
        values = [None if each is None else each // 3 for each in values]
    if attribute == "district" and "district" not in dataset.items:
        values = read["distance"]
    if attribute in ("gap", "distance", "activity", "popularity"):
        numbers = np.array(values, dtype=float)
        limits = choose_limits(numbers, GAPS if attribute == "gap" else ())
        return None if len(set(bin_values(numbers, limits)[0].tolist()) - {-1}) > 1 else "all cases are in one bin"
    return None if pd.Series(values).nunique() > 1 else "all cases have the same value"
