"""Stories of the simulated city for the start page: a user who moved, a hit on an unusual item, and a miss.

    python -m recsys.analysis.demo_stories          writes assets/data/demo-city/stories.json, from the shipped data and checkpoints

The start page must not import torch, so the stories are found once and stored beside the data with its fingerprint: stories of other
data are ignored. Stored are values; the sentences are composed in the reader's language.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.core import TOP_K, Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import format_month, format_number
from recsys.core.split import SPLIT_NAMES, TEST, split_interactions
from recsys.core.translation import _, ngettext
from recsys.evaluation.replay import Replay, replay_history

FILE = "stories.json"
RECENT = 20  # events before a miss
USERS = 250  # searched for a hit and a miss, the most active first


@dataclass(frozen=True)
class Story:
    """One story: the cursor that shows it, and the values that its title and its sentence are composed of.

    `kind` is moved, hit or miss; `name` is the user's, "" where unknown; `ranks` are those of the steps from `first` on, for a small
    chart.
    """

    kind: str
    model: str
    user: str
    name: str
    step: int
    first: int
    ranks: tuple[float, ...]
    values: dict[str, str | int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The story in a few words, in the reader's language."""
        name = self.name or _("User {user}", user=self.user)
        match self.kind:
            case "moved":
                return _("{name} moved house", name=name)
            case "hit":
                return _("{name}’s first visit to {place}", name=name, place=self.values["place"])
            case _:
                return _("{name} surprises the model", name=name)

    @property
    def sentence(self) -> str:
        """The story in two or three sentences, in the reader's language."""
        values = {name: format_number(value) if isinstance(value, int) else value for name, value in self.values.items()}
        match self.kind:
            case "moved":
                values["month"] = format_month(dt.date.fromisoformat(str(self.values["month"])))
                return ngettext(
                    "In {month}, from {origin} to {destination}. {count} event later, {after} of the model’s top {k} are in {destination}; "
                    "before the move it was {before}.",
                    "In {month}, from {origin} to {destination}. {count} events later, {after} of the model’s top {k} are in {destination}; "
                    "before the move it was {before}.",
                    int(self.values["later"]),
                    k=TOP_K,
                    **values,
                )
            case "hit":
                return _(
                    "The first visit in {step} events, to a place with only {place_events} of {events} events. The model, which was not "
                    "trained on this event, ranked it first of {items}.",
                    step=format_number(self.step),
                    **values,
                )
            case _:
                return _(
                    "Of the last {count} events, {hits} were in the model’s top {k}. Then came {place}: the first {category} in {step} events, "
                    "mostly {favourite}. It ranked {rank} of {items}.",
                    step=format_number(self.step),
                    k=TOP_K,
                    **values,
                )


def read_stories(folder: Path, fingerprint: str) -> list[Story]:
    """Return the stories beside a prepared dataset; none where there are none, or only of other data."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return [Story(**each) for each in stored["stories"]] if stored["fingerprint"] == fingerprint else []
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            _(
                "{path} is damaged ({error}); write it again: {command}",
                path=path,
                error=error,
                command="python -m recsys.analysis.demo_stories",
            )
        ) from error


def write_stories(folder: Path, dataset: Dataset, truth: pd.DataFrame, model: object, model_name: str) -> list[Story]:
    """Find the stories under one trained model, called `model_name`, and store them beside the data."""
    stories = find_stories(dataset, truth, model, model_name)
    text = json.dumps({"fingerprint": dataset.fingerprint, "stories": [asdict(each) for each in stories]}, indent=1, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    return stories


def find_stories(dataset: Dataset, truth: pd.DataFrame, model: object, model_name: str) -> list[Story]:
    """Return a user who moved house, a hit on an unusual item and a miss, as far as the data holds them."""
    labels = split_interactions(dataset, "temporal").labels
    replays = {user: _replay(dataset, model, user, labels) for user in _most_active(dataset, USERS)}
    stories = (
        _find_move(dataset, truth, model, model_name, labels),
        _find_hit(dataset, replays, model_name),
        _find_miss(dataset, replays, model_name),
    )
    return [each for each in stories if each is not None]


def _replay(dataset: Dataset, model: object, user: str, labels: np.ndarray) -> Replay:
    return replay_history(model, dataset.history(user), dataset.repeats, labels=labels[dataset.rows(user)])  # type: ignore[arg-type]


def _most_active(dataset: Dataset, count: int) -> list[str]:
    return [str(user) for user in dataset.user_ids[np.argsort(-np.diff(dataset.user_starts), kind="stable")[:count]]]


def _find_move(dataset: Dataset, truth: pd.DataFrame, model: object, model_name: str, labels: np.ndarray) -> Story | None:
    """An abrupt and total move, at the step soon after it at which the recommendations have moved most to the new district."""
    moves = truth[(truth["kind"] == "home") & (truth["size"] == "total") & (truth["pace"] == "abrupt")]
    moves = moves[(moves["events_before"] >= 40) & (moves["events_after"] >= 30)].sort_values("share", ascending=False, kind="stable")
    best: tuple[float, Story] | None = None
    for move in moves.head(20).itertuples():
        user = str(move.user_id)
        replay = _replay(dataset, model, user, labels)
        after = int(np.searchsorted(dataset.history(user).times, move.from_time.timestamp()))  # type: ignore[arg-type]
        for step in range(after + 8, min(after + 25, replay.length - 1)):
            before, later = (_share_in(dataset, replay, at, str(move.to_what)) for at in (max(after - 5, 0), step))
            if replay.ranks[step] <= TOP_K and (best is None or later - before > best[0]):
                values: dict[str, str | int] = {
                    "month": f"{move.from_time:%Y-%m}-01",
                    "origin": str(move.from_what),
                    "destination": str(move.to_what),
                    "later": step - after,
                    "before": round(before * TOP_K),
                    "after": round(later * TOP_K),
                }
                best = later - before, _story("moved", dataset, model_name, user, step, replay, values)
    return best[1] if best else None


def _share_in(dataset: Dataset, replay: Replay, step: int, district: str) -> float:
    listed = [str(item) for item in replay.top_items[step] if item]
    return float((dataset.items["district"].reindex(listed) == district).sum() / max(len(listed), 1))


def _find_hit(dataset: Dataset, replays: dict[str, Replay], model_name: str) -> Story | None:
    """A first visit to an unpopular place in the test part that the model ranked first."""
    popularity = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
    best: tuple[int, Story] | None = None
    for user, replay, step, item in _test_steps(replays):
        place = int(dataset.vocabulary.encode([item])[0]) - 1
        first_time = item not in replay.item_ids[:step] and step >= 40
        if replay.ranks[step] == 1 and first_time and (best is None or popularity[place] < best[0]):
            values: dict[str, str | int] = {
                "place": dataset.title_of(item),
                "place_events": int(popularity[place]),
                "events": len(dataset.interactions),
                "items": len(dataset.items),
            }
            best = int(popularity[place]), _story("hit", dataset, model_name, user, step, replay, values)
    return best[1] if best else None


def _find_miss(dataset: Dataset, replays: dict[str, Replay], model_name: str) -> Story | None:
    """The worst rank in the test part of a user with a high hit rate, for a category new to this user."""
    best: tuple[float, Story] | None = None
    categories = dataset.items["category"]
    for user, replay, step, item in _test_steps(replays):
        past = categories.reindex([str(each) for each in replay.item_ids[:step]])
        hit_rate = float(np.mean(replay.ranks[max(step - RECENT, 0) : step] <= TOP_K)) if step >= 40 else 0.0
        category = str(categories[item])
        if hit_rate >= 0.7 and not (past == category).any() and (best is None or replay.ranks[step] > best[0]):
            favourite = past.value_counts().index[0]
            values: dict[str, str | int] = {
                "count": RECENT,
                "hits": round(hit_rate * RECENT),
                "place": dataset.title_of(item),
                "category": category,
                "favourite": str(favourite),
                "rank": round(float(replay.ranks[step])),
                "items": len(dataset.items),
            }
            best = float(replay.ranks[step]), _story("miss", dataset, model_name, user, step, replay, values)
    return best[1] if best else None


def _test_steps(replays: dict[str, Replay]) -> Iterator[tuple[str, Replay, int, str]]:
    """Every test step of every replay: user, replay, step and next item."""
    for user, replay in replays.items():
        for step in np.flatnonzero(replay.splits == SPLIT_NAMES[TEST]):
            yield user, replay, int(step), str(replay.item_ids[step])


def _around(replay: Replay, step: int, count: int = 48) -> tuple[int, tuple[float, ...]]:
    first = max(0, min(step - count // 2, replay.length - count))
    return first, tuple(float(rank) for rank in replay.ranks[first : min(first + count, replay.length)])


def _story(kind: str, dataset: Dataset, model_name: str, user: str, step: int, replay: Replay, values: dict[str, str | int]) -> Story:
    first, ranks = _around(replay, step)
    return Story(kind, model_name, user, _name(dataset, user), step, first, ranks, values)


def _name(dataset: Dataset, user: str) -> str:
    if dataset.users is not None and "name" in dataset.users and user in dataset.users.index:
        return str(dataset.users.at[user, "name"])
    return ""


def _main() -> None:
    from recsys.datasets import open_dataset, prepared_folder
    from recsys.datasets.prepared import read_extra
    from recsys.training.checkpoints import list_checkpoints, load_checkpoint

    dataset, folder = open_dataset("demo-city"), prepared_folder("demo-city")
    truth = None if folder is None else read_extra(folder, "truth")
    shipped = [entry for entry in list_checkpoints("demo-city") if entry.shipped and entry.card.protocol == "temporal"]
    if folder is None or truth is None or not shipped:
        raise DataError(
            _("stories need the shipped dataset demo-city and its checkpoints; train the checkpoints with assets/train_demo_checkpoints.sh")
        )
    best = max(shipped, key=lambda entry: entry.card.validation.get("ndcg@10", 0.0))
    write_stories(folder, dataset, truth, load_checkpoint(best.folder).model, best.name)


if __name__ == "__main__":
    _main()
