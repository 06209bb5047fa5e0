"""The simulated city: the same for the same seed, of the documented mix, and true to its own tables."""

import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core.errors import DataError
from recsys.datasets.prepared import read_extra, read_prepared
from recsys.simulation import SimulatedCity, simulate_city
from recsys.simulation.events import CAUSES
from recsys.simulation.local_time import START, to_utc
from recsys.simulation.terrain import COAST, DISTRICT_CENTRES, RIVER, is_on_land


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """A quarter of the shipped size."""
    return simulate_city(seed=3, people=300, places=500)


@pytest.fixture(scope="module")
def events(city: SimulatedCity) -> pd.DataFrame:
    """Interactions with what is known of their places, the cause of each, and its hour of the day in the city."""
    items = city.dataset.items.rename(columns={"latitude": "item_latitude", "longitude": "item_longitude"})
    table = city.dataset.interactions.join(items[["title", "category", "district", "item_latitude", "item_longitude"]], on="item_id")
    table["cause"], table["because_of"] = city.causes["cause"], city.causes["because_of"]
    local = table["timestamp"].dt.tz_localize(None) + pd.to_timedelta(table["utc_offset"], unit="min")
    table["hour"] = local.dt.hour + local.dt.minute / 60
    return table.astype({"user_id": "str"})


def test_the_same_seed_makes_the_same_city_and_another_another() -> None:
    one, same, other = (simulate_city(seed=seed, people=25, places=40, days=60) for seed in (5, 5, 6))
    for table in ("truth", "causes"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(same, table))
    for table in ("interactions", "items", "users", "friends"):
        pd.testing.assert_frame_equal(getattr(one.dataset, table), getattr(same.dataset, table))
    assert one.dataset.fingerprint == same.dataset.fingerprint != other.dataset.fingerprint


def test_a_written_city_reads_back(tmp_path) -> None:
    made = simulate_city(seed=1, people=20, places=40, days=60, out=tmp_path / "town", name="town")
    read = read_prepared(tmp_path / "town")
    pd.testing.assert_frame_equal(read.interactions, made.dataset.interactions, check_categorical=False)
    assert read.repeats and read.fingerprint == made.dataset.fingerprint and read.name == "town"
    pd.testing.assert_frame_equal(read_extra(tmp_path / "town", "truth"), made.truth, check_dtype=False)
    assert len(read_extra(tmp_path / "town", "causes")) == len(read.interactions)
    assert (tmp_path / "town" / "outline.json").is_file()


def test_the_same_seed_writes_the_same_bytes(tmp_path) -> None:
    for name in ("one", "two"):
        simulate_city(seed=2, people=20, places=40, days=60, out=tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(("people", "places", "days"), [(20, 40, 60), (1, 32, 28), (3, 60, 400), (60, 100, 90)])
def test_small_cities_stand(people: int, places: int, days: int) -> None:
    city = simulate_city(seed=4, people=people, places=places, days=days)
    assert len(city.dataset.user_ids) == people
    assert len(city.causes) == len(city.dataset.interactions)
    assert city.dataset.interactions["timestamp"].max() < pd.Timestamp(START, tz="UTC") + pd.Timedelta(days=days)


@pytest.mark.parametrize("wrong", [{"people": 0}, {"places": 5}, {"days": 3}, {"people": -1}])
def test_impossible_sizes_are_refused_in_one_line(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError, match=f"{next(iter(wrong))} is .*at least") as caught:
        simulate_city(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"people": 10**8}, {"people": 10**30}, {"places": 10**9}, {"people": 10**6, "days": 20_000}, {"days": 10**7}]
)
def test_absurd_sizes_are_refused_before_memory_is_spent(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError, match=r"GB of memory, and .* GB are free; use fewer|days is .* at most") as caught:
        simulate_city(**wrong)
    assert "\n" not in str(caught.value)


def test_counts_and_activity(city: SimulatedCity) -> None:
    counts = np.diff(city.dataset.user_starts)
    assert len(counts) == 300 and counts.min() >= 3
    assert counts.mean() == pytest.approx(100, rel=0.1)
    assert 0.2 < (counts < 60).mean() < 0.5 and counts.max() > 250
    shares = city.dataset.interactions["behaviour"].value_counts(normalize=True)
    assert shares["visit"] == pytest.approx(0.73, abs=0.04) and shares["view"] == pytest.approx(0.20, abs=0.04)
    assert len(city.dataset.friends) > 300


def test_most_people_do_not_change_and_the_rest_follow_the_documented_mix(city: SimulatedCity) -> None:
    truth = city.truth
    lasting, temporary = truth[truth["kind"] != "temporary"], truth[truth["kind"] == "temporary"]
    assert truth["user_id"].nunique() <= 0.46 * 300
    assert len(lasting) == lasting["user_id"].nunique() == 90
    assert set(lasting["kind"]) == {"home", "work", "taste-up", "taste-down", "rhythm"}
    assert lasting.groupby(["size", "pace"]).size().to_dict() == {
        ("partial", "abrupt"): 9, ("partial", "gradual"): 11, ("total", "abrupt"): 41, ("total", "gradual"): 29,
    }  # fmt: skip
    assert {detail.split(":")[0] for detail in temporary["detail"]} == {"season", "trip", "tourist"}
    visible = (lasting["events_before"] >= 15) & (lasting["events_after"] >= 15)
    assert visible.mean() > 0.9
    days = (lasting["to_time"] - lasting["from_time"]).dt.total_seconds() / 86400
    assert (days[lasting["pace"] == "abrupt"] == 0).all() and days[lasting["pace"] == "gradual"].between(39.9, 80.1).all()


@pytest.fixture(scope="module")
def by_person(events: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(tuple(events.groupby("user_id")))


def around(by_person: dict[str, pd.DataFrame], change: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    mine = by_person[change.user_id]
    return mine[mine["timestamp"] < change.from_time], mine[mine["timestamp"] >= change.to_time]


def shares_around(city: SimulatedCity, by_person: dict[str, pd.DataFrame], kind: str, size: str) -> np.ndarray:
    """(changes, 4): the share of the old thing before and after, of the new thing before and after; counted one by one."""
    rows = []
    for change in city.truth[(city.truth["kind"] == kind) & (city.truth["size"] == size)].itertuples():
        old, new = change.from_what.split(", "), change.to_what.split(", ")
        column = "district" if kind in ("home", "work") else "category"
        values = []
        for things in (old, new):
            values += [side[column].isin(things).mean() for side in around(by_person, change)]
        if min(change.events_before, change.events_after) >= 25:
            rows.append(values)
    return np.array(rows)


@pytest.mark.parametrize("kind", ["home", "work", "taste-up", "taste-down"])
def test_what_the_truth_says_can_be_counted_in_the_events(city: SimulatedCity, by_person: dict[str, pd.DataFrame], kind: str) -> None:
    old_before, old_after, new_before, new_after = shares_around(city, by_person, kind, "total").mean(axis=0)
    assert old_before > 2 * old_after and new_after > 1.8 * new_before
    assert old_before - old_after > 0.12 and new_after - new_before > 0.12


def test_a_turned_rhythm_shows_in_the_hours(city: SimulatedCity, by_person: dict[str, pd.DataFrame]) -> None:
    for change in city.truth[(city.truth["kind"] == "rhythm") & (city.truth["size"] == "total")].itertuples():
        sides = [side[side["behaviour"] == "visit"] for side in around(by_person, change)]
        late = [((side["hour"] >= 17) | (side["hour"] < 4)).mean() for side in sides]
        assert (late[1] > late[0] + 0.4) == (change.to_what == "evenings")


def test_partial_changes_change_less(city: SimulatedCity, by_person: dict[str, pd.DataFrame]) -> None:
    lasting = city.truth[city.truth["kind"] != "temporary"]
    shares = lasting.groupby("size")["share"].mean()
    assert shares["partial"] < 0.67 * shares["total"]
    total, partial = (shares_around(city, by_person, "taste-up", size)[:, 3].mean() for size in ("total", "partial"))
    assert partial < total


def test_stable_people_stay_the_same_up_to_noise(city: SimulatedCity, by_person: dict[str, pd.DataFrame]) -> None:
    """The halves of a stable person's time differ no more than two halves that their weeks are dealt to at random."""
    rng = np.random.default_rng(0)
    in_time, at_random = [], []
    for person in sorted(set(by_person) - set(city.truth["user_id"])):
        mine = by_person[person]
        if len(mine) < 60:
            continue
        weeks, week = np.unique(mine["timestamp"].to_numpy(dtype="datetime64[D]").astype(int) // 7, return_inverse=True)
        codes, half = city.dataset.items["category"].astype("category").cat.codes[mine["item_id"]].to_numpy(), len(weeks) // 2
        in_time.append(distance(codes, week < half))
        at_random.append(np.mean([distance(codes, rng.permutation(len(weeks))[week] < half) for _ in range(5)]))
    assert len(in_time) > 60
    assert np.mean(in_time) == pytest.approx(np.mean(at_random), abs=0.03)


def distance(codes: np.ndarray, early: np.ndarray) -> float:
    """Half the sum of absolute differences between the shares of codes on two sides."""
    sides = [np.bincount(codes[side], minlength=40) / side.sum() for side in (early, ~early)]
    return float(np.abs(sides[0] - sides[1]).sum() / 2)


def test_tourists_are_there_only_in_their_days(city: SimulatedCity, events: pd.DataFrame) -> None:
    for stay in city.truth[city.truth["detail"] == "tourist"].itertuples():
        mine = events[events["user_id"] == stay.user_id]
        assert mine["timestamp"].min() >= stay.from_time and mine["timestamp"].max() < stay.to_time + pd.Timedelta(hours=8)


def test_only_visits_are_rated_and_they_happen_at_the_place(events: pd.DataFrame) -> None:
    visit = events["behaviour"] == "visit"
    assert events.loc[~visit, "rating"].isna().all()
    assert events["rating"].dropna().isin([1, 2, 3, 4, 5]).all() and events.loc[visit, "rating"].notna().mean() == pytest.approx(
        0.45, abs=0.03
    )
    assert (events.loc[visit, "latitude"] == events.loc[visit, "item_latitude"]).all()
    assert (events.loc[~visit, "latitude"] != events.loc[~visit, "item_latitude"]).mean() > 0.99


def test_causes_are_earlier_steps_of_the_same_person_and_fit_their_kind(events: pd.DataFrame) -> None:
    assert tuple(events["cause"].cat.categories) == CAUSES
    caused = events[events["because_of"] >= 0]
    assert (caused["because_of"] < caused["order"]).all()
    assert caused["cause"].isin(["follow-up", "habit", "nearby"]).all()
    assert (events.loc[events["cause"].isin(["follow-up", "nearby"]), "because_of"] >= 0).all()
    starts = events.groupby("user_id")["order"].transform("idxmin").loc[caused.index]
    source = events.loc[starts.to_numpy() + caused["because_of"].to_numpy()]
    assert (source["user_id"].to_numpy() == caused["user_id"].to_numpy()).all()
    assert (source["timestamp"].array < caused["timestamp"].array).all()
    same_place = source["item_id"].astype(str).to_numpy() == caused["item_id"].astype(str).to_numpy()
    assert same_place[(caused["cause"] == "habit").to_numpy()].all()
    assert not same_place[(caused["cause"] == "nearby").to_numpy()].any()
    looked = (source["behaviour"] != "visit").to_numpy()
    assert same_place[looked].all()


def test_a_save_comes_after_a_view_of_the_same_place(events: pd.DataFrame) -> None:
    saves = events[events["behaviour"] == "save"]
    starts = events.groupby("user_id")["order"].transform("idxmin").loc[saves.index]
    views = events.loc[starts.to_numpy() + saves["because_of"].to_numpy()]
    assert (views["behaviour"] == "view").all()
    assert (views["item_id"].astype(str).to_numpy() == saves["item_id"].astype(str).to_numpy()).all()


def test_a_chain_beats_popularity_by_far(city: SimulatedCity) -> None:
    """Hits at 10 in the last tenth, of counts from the first nine: most popular, and what most often followed the last place."""
    data, items = city.dataset, len(city.dataset.item_ids)
    codes, times = data.item_codes - 1, data.times
    late = times >= np.quantile(times, 0.9)
    popular = np.argsort(-np.bincount(codes[~late], minlength=items))[:10]
    follows = np.flatnonzero(np.diff(data.interactions["user_id"].cat.codes.to_numpy()) == 0)
    known = follows[~late[follows + 1]]
    chain = np.zeros((items, items))
    np.add.at(chain, (codes[known], codes[known + 1]), 1)
    asked = follows[late[follows + 1]]
    best = np.argsort(-chain[codes[asked]], axis=1)[:, :10]
    by_chain = (best == codes[asked + 1][:, None]).any(axis=1).mean()
    by_popularity = np.isin(codes[asked + 1], popular).mean()
    assert by_popularity < 0.2 and by_chain > 0.4


def test_names_are_unique_and_descriptions_vary(city: SimulatedCity) -> None:
    items = city.dataset.items
    assert items["title"].is_unique and items["text"].is_unique and city.dataset.users["name"].is_unique
    assert items["category"].nunique() >= 25 and items["district"].nunique() == 9
    # What is left of a text without its names, numbers and facts: the first words of its sentences.
    bones = items["text"].map(lambda text: tuple(" ".join(sentence.split()[:2]) for sentence in re.split(r"(?<=\.) ", text)))
    assert Counter(bones).most_common(1)[0][1] <= 0.02 * len(items)
    openings = Counter(each[0] for each in bones)
    assert openings.most_common(1)[0][1] <= 0.15 * len(items)
    assert items["text"].str.len().between(50, 700).all() and not items["text"].str.contains(r"[{}]|  |\.\.").any()


def test_everything_stands_on_land(city: SimulatedCity) -> None:
    coordinates = city.dataset.items[["latitude", "longitude"]].to_numpy()
    assert np.ptp(coordinates[:, 0]) < 0.12 and np.ptp(coordinates[:, 1]) < 0.2
    assert is_on_land(DISTRICT_CENTRES).all() and not is_on_land(np.array([[0.0, 9.0], [20.0, 0.0]])).any()
    assert is_on_land(RIVER[1:-1]).all() and len(COAST) > 20


def test_local_time_follows_the_european_summer_time() -> None:
    moments = ["2024-03-31T01:30", "2024-03-31T03:30", "2024-07-01T12:00", "2024-10-27T00:30", "2024-10-27T12:00", "2025-03-30T12:00"]
    local = np.array(moments, dtype="datetime64[s]").astype(np.int64) - START.astype("datetime64[s]").astype(np.int64)
    utc, offsets = to_utc(local)
    assert offsets.tolist() == [60, 120, 120, 120, 60, 120]
    assert utc.astype("datetime64[s]")[2] == np.datetime64("2024-07-01T10:00")
    assert (utc + offsets * 60 == local + START.astype("datetime64[s]").astype(np.int64)).all()


def test_habits_keep_their_hours_and_people_their_distance(events: pd.DataFrame) -> None:
    """Espresso is a morning thing and cocktails are not; people mostly move within walking distance of where they just were."""
    visits = events[events["behaviour"] == "visit"]
    hours = visits.groupby("category")["hour"].median()
    assert hours["espresso bar"] < 13 < 17 < hours["cocktail bar"]
    near = visits[visits["cause"] == "nearby"]
    before = events.loc[near.index - 1]
    kilometres = 111.2 * np.hypot(near["latitude"].to_numpy() - before["latitude"].to_numpy(),
                                  0.725 * (near["longitude"].to_numpy() - before["longitude"].to_numpy()))  # fmt: skip
    assert np.median(kilometres) < 1
