"""From a seed to tables: puts places, people, drifts and events together."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.memory import check_fits
from recsys.core.translation import _
from recsys.datasets.build import build_dataset
from recsys.datasets.prepared import DatasetCard, write_prepared
from recsys.simulation.categories import CATEGORIES, EVENING, WORK_SLOTS
from recsys.simulation.drift_plan import Drift, Plan, plant_drifts
from recsys.simulation.events import AFTER, BEHAVIOURS, CAUSES, HABIT, NONE, VISIT, Outings, simulate_events
from recsys.simulation.illustrations import draw_illustrations
from recsys.simulation.local_time import START, to_utc
from recsys.simulation.people import NO_WORK, People, build_people
from recsys.simulation.places import Places, build_places
from recsys.simulation.terrain import make_outline, to_degrees

RATED = 0.45
WORK_ENDS = 18 * 3600
MIN_COUNTS = {"people": 1, "places": len(CATEGORIES), "days": 28}
MAX_DAYS = 27_000  # until 2097; summer time is defined until 2099


@dataclass(frozen=True, eq=False)
class SimulatedCity:
    """A simulated Dataset with its ground truth.

    `truth`: one row per change: user_id, kind (home, work, taste-up, taste-down, rhythm, temporary), detail, size (total,
    partial), pace (abrupt, gradual), from_time and to_time (UTC; equal for abrupt lasting changes), share (of the events after
    to_time, or between the two for temporary ones, that follow the new behaviour), from_what, to_what, events_before (from_time)
    and events_after (to_time). `causes`: one row per event, in the order of `dataset.interactions`: user_id, order, cause (a
    name of CAUSES) and because_of, the order of the same user's earlier event that caused it, −1 where there is none. `outline`: coast,
    river and districts, for the map.
    """

    dataset: Dataset
    truth: pd.DataFrame
    causes: pd.DataFrame
    outline: dict[str, object]

    def write(self, folder: Path) -> DatasetCard:
        """Write a prepared folder with pictures of the places, the further tables `truth` and `causes`, and outline.json for the map."""
        pictured = replace(self.dataset, images=draw_illustrations(self.dataset.items))
        card = write_prepared(folder, pictured, {"truth": self.truth, "causes": self.causes})
        (folder / "outline.json").write_text(json.dumps(self.outline, ensure_ascii=False) + "\n", encoding="utf-8")
        return card


def simulate_city(
    seed: int = 7, people: int = 1200, places: int = 500, days: int = 548, out: Path | None = None, name: str = "demo-city"
) -> SimulatedCity:
    """Simulate a city. The same arguments give the same tables; with `out` they are also written as a prepared folder.

    Sizes that are too small, or that do not fit into memory, are a DataError.
    """
    for option, count in (("people", people), ("places", places), ("days", days)):
        least = MIN_COUNTS[option]
        if count < least:
            raise DataError(
                _(
                    "{option} is {count}; a simulated city needs at least {least}, for example --{option} {example}",
                    option=option,
                    count=count,
                    least=least,
                    example=least * 4,
                )
            )
    if days > MAX_DAYS:
        raise DataError(
            _("days is {days}; a simulation can have at most {most} days, for example --days 548", days=days, most=format_number(MAX_DAYS))
        )
    size = people * (140 * days + 16 * places)  # measured: 550 bytes per event, and the liking of every resident for every place
    check_fits(
        _(
            "a city of {people} people and {places} places over {days} days",
            people=format_number(people),
            places=format_number(places),
            days=format_number(days),
        ),
        size,
        _("use fewer --people, --places or --days"),
    )
    rng = np.random.default_rng(seed)
    the_places = build_places(rng, places)
    the_people = build_people(rng, people, the_places, days)
    plan = plant_drifts(rng, the_people, the_places, days, START)
    outings, columns = simulate_events(rng, the_people, the_places, plan)
    events = _sort_events(rng, columns, outings, days)
    dataset = build_dataset(
        name=name,
        title="Vellamar, a simulated city",
        interactions=_interactions(rng, events, outings, the_people, the_places),
        items=the_places.to_frame(),
        users=the_people.to_frame(),
        friends=the_people.friends_to_frame(),
        repeats=True,
        noun="event",
    )
    city = SimulatedCity(dataset, _truth(plan, events, outings, the_people), _causes(events, the_people), make_outline())
    if out is not None:
        city.write(out)
    return city


def _sort_events(rng: np.random.Generator, columns: dict[str, np.ndarray], outings: Outings, days: int) -> dict[str, np.ndarray]:
    """Return the events within the simulated days, sorted by resident and time, with the columns person, second (local) and order."""
    second = columns["minute"] * 60 + rng.integers(0, 60, size=len(columns["minute"]))
    person = outings.person[columns["outing"]]
    inside = (second >= 0) & (second < days * 86400)
    order = np.lexsort((second, person))
    order = order[inside[order]]
    events = {name: values[order] for name, values in columns.items()} | {"person": person[order], "second": second[order]}
    starts = np.searchsorted(events["person"], events["person"], side="left")
    events["order"] = np.arange(len(order)) - starts
    return events


def _interactions(
    rng: np.random.Generator, events: dict[str, np.ndarray], outings: Outings, people: People, places: Places
) -> pd.DataFrame:
    seconds, offsets = to_utc(events["second"])
    person, place, visit = events["person"], events["place"], events["behaviour"] == VISIT
    # Places are viewed and saved at home, or at work during the working day.
    slot = np.where(events["second"] % 86400 < WORK_ENDS, outings.slot[events["outing"]], EVENING)
    looking = people.origin(places, outings.version[events["outing"]], person, slot)
    at = np.where(visit[:, None], places.degrees[place], np.round(to_degrees(looking + rng.normal(scale=0.04, size=looking.shape)), 5))
    felt = 3.4 + 0.25 * places.appeal[place] + 0.25 * people.liking[person, place] + rng.normal(scale=0.8, size=len(place))
    rated = visit & (rng.random(len(place)) < RATED) & (people.work[0, person] != place)
    return pd.DataFrame({
        "user_id": people.ids[person],
        "item_id": places.ids[place],
        "timestamp": pd.to_datetime(seconds, unit="s", utc=True),
        "utc_offset": offsets,
        "behaviour": pd.Categorical.from_codes(events["behaviour"], categories=list(BEHAVIOURS)),
        "rating": np.where(rated, np.clip(np.round(felt), 1, 5), np.nan).astype(np.float32),
        "latitude": at[:, 0],
        "longitude": at[:, 1],
    })  # fmt: skip


def _causes(events: dict[str, np.ndarray], people: People) -> pd.DataFrame:
    """Turn running numbers into orders within the user; a habit is caused by the previous visit to the same place, if there is one."""
    position = np.full(events["number"].max() + 1, NONE)
    position[events["number"]] = events["order"]
    because = np.where(events["cause"] >= 0, position[events["cause"]], NONE)
    before = pd.Series(events["order"]).groupby([events["person"], events["place"]]).shift(1).fillna(NONE).to_numpy(np.int64)
    because = np.where(events["kind"] == HABIT, before, because)
    return pd.DataFrame({
        "user_id": people.ids[events["person"]],
        "order": events["order"].astype(np.int32),
        "cause": pd.Categorical.from_codes(events["kind"], categories=list(CAUSES)),
        "because_of": because.astype(np.int32),
    })  # fmt: skip


def _truth(plan: Plan, events: dict[str, np.ndarray], outings: Outings, people: People) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    day = events["second"] // 86400
    midnights = to_utc(np.arange(plan.presence.shape[1] + 1) * 86400)[0]
    for drift in plan.drifts:
        mine = slice(*np.searchsorted(events["person"], [drift.person, drift.person + 1]))
        first, last = (pd.Timestamp(int(midnights[each]), unit="s", tz="UTC") for each in (drift.from_day, drift.to_day))
        rows.append({
            "user_id": people.ids[drift.person], "kind": drift.kind, "detail": drift.detail, "size": drift.size, "pace": drift.pace,
            "from_time": first, "to_time": last, "share": round(_share(drift, mine, events, outings, people), 3),
            "from_what": drift.from_what, "to_what": drift.to_what,
            "events_before": int((day[mine] < drift.from_day).sum()), "events_after": int((day[mine] >= drift.to_day).sum()),
        })  # fmt: skip
    columns = [
        "user_id",
        "kind",
        "detail",
        "size",
        "pace",
        "from_time",
        "to_time",
        "share",
        "from_what",
        "to_what",
        "events_before",
        "events_after",
    ]
    truth = pd.DataFrame(rows, columns=columns)
    for column in ("from_time", "to_time"):
        truth[column] = pd.to_datetime(truth[column], utc=True).astype("datetime64[ms, UTC]")
    return truth


def _share(drift: Drift, mine: slice, events: dict[str, np.ndarray], outings: Outings, people: People) -> float:
    """Return the share of events that follow the new behaviour: the planned share of outings times the share that this kind affects."""
    outing = events["outing"][mine]
    if drift.kind not in ("home", "work"):
        return drift.share
    working = people.work[AFTER, drift.person] != NO_WORK
    from_work = np.isin(outings.slot[outing], WORK_SLOTS) & working
    return drift.share * float((from_work if drift.kind == "work" else ~from_work).mean())
