"""A few true stories of the simulated city, found by computation, for the start page.

    python -m recsys.analysis.demo_stories          writes assets/data/demo-city/stories.json, from the shipped data and checkpoints

The start page must not import torch, so the stories are found once and kept beside the data. They name its fingerprint: of
other data they are not told.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.core import TOP_K, Dataset
from recsys.core.errors import DataError
from recsys.core.split import SPLIT_NAMES, TEST, split_interactions
from recsys.evaluation.replay import Replay, replay_history

FILE = "stories.json"
PEOPLE = 250  # looked at for each kind of story, the busiest first


@dataclass(frozen=True)
class Story:
    """One story: where the cursor must stand to see it, and how to tell it.

    `kind` is moved, hit or miss; `ranks` are those of the steps from `first` on, for a small picture.
    """

    kind: str
    title: str
    sentence: str
    model: str
    user: str
    step: int
    first: int
    ranks: tuple[float, ...]


def read_stories(folder: Path, fingerprint: str) -> list[Story]:
    """The stories beside a prepared dataset; none when there are none, or when they are of other data."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [Story(**each) for each in found["stories"]] if found["fingerprint"] == fingerprint else []
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); write it again: python -m recsys.analysis.demo_stories") from error


def write_stories(folder: Path, dataset: Dataset, truth: pd.DataFrame, model: object, name: str) -> list[Story]:
    """Find the stories under one trained model, called `name`, and keep them beside the data."""
    found = find_stories(dataset, truth, model, name)
    text = json.dumps({"fingerprint": dataset.fingerprint, "stories": [asdict(each) for each in found]}, indent=1, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    return found


def find_stories(dataset: Dataset, truth: pd.DataFrame, model: object, name: str) -> list[Story]:
    """One person who moved house, one hit the model saw coming, one miss with its reason; only what this data holds."""
    labels = split_interactions(dataset, "temporal").labels
    replays = {user: _replay(dataset, model, user, labels) for user in _busiest(dataset, PEOPLE)}
    stories = (_moved(dataset, truth, model, name, labels), _seen_coming(dataset, replays, name), _missed(dataset, replays, name))
    return [each for each in stories if each is not None]


def _replay(dataset: Dataset, model: object, user: str, labels: np.ndarray) -> Replay:
    return replay_history(model, dataset.history(user), dataset.repeats, labels=labels[dataset.rows(user)])  # type: ignore[arg-type]


def _busiest(dataset: Dataset, count: int) -> list[str]:
    return [str(user) for user in dataset.user_ids[np.argsort(-np.diff(dataset.user_starts), kind="stable")[:count]]]


def _moved(dataset: Dataset, truth: pd.DataFrame, model: object, name: str, labels: np.ndarray) -> Story | None:
    """An abrupt and total move after which the list, too, points to the new district; told soon after the move."""
    moves = truth[(truth["kind"] == "home") & (truth["size"] == "total") & (truth["pace"] == "abrupt")]
    moves = moves[(moves["events_before"] >= 40) & (moves["events_after"] >= 30)].sort_values("share", ascending=False, kind="stable")
    best: tuple[float, Story] | None = None
    for move in moves.head(20).itertuples():
        user = str(move.user_id)
        run = _replay(dataset, model, user, labels)
        after = int(np.searchsorted(dataset.history(user).times, move.from_time.timestamp()))  # type: ignore[arg-type]
        for step in range(after + 8, min(after + 25, run.length - 1)):
            before, later = (_share_in(dataset, run, at, str(move.to_what)) for at in (max(after - 5, 0), step))
            if run.ranks[step] <= TOP_K and (best is None or later - before > best[0]):
                best = later - before, Story(
                    "moved",
                    f"{_name(dataset, user)} moved house",
                    f"In {move.from_time:%B %Y}, from {move.from_what} to {move.to_what}. {step - after} events later, "
                    f"{round(later * TOP_K)} of the model’s ten are in {move.to_what}; before, it was {round(before * TOP_K)}.",
                    name, user, step, *_around(run, step),
                )  # fmt: skip
    return best[1] if best else None


def _share_in(dataset: Dataset, run: Replay, step: int, district: str) -> float:
    listed = [str(item) for item in run.top_items[step] if item]
    return float((dataset.items["district"].reindex(listed) == district).sum() / max(len(listed), 1))


def _seen_coming(dataset: Dataset, replays: dict[str, Replay], name: str) -> Story | None:
    """A first visit to a place few people know, in the test part, and the model had it on top."""
    known = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
    best: tuple[int, Story] | None = None
    for user, run, step, item in _foresight(replays):
        place = int(dataset.vocabulary.encode([item])[0]) - 1
        first_time = item not in run.item_ids[:step] and step >= 40
        if run.ranks[step] == 1 and first_time and (best is None or known[place] < best[0]):
            best = int(known[place]), Story(
                "hit",
                f"{_name(dataset, user)}’s first time at {dataset.title_of(item)}",
                f"Never been there in {step} events, and only {known[place]} of {len(dataset.interactions):,} events happen there. "
                f"The model, which had not seen this part of the data, put it first of {len(dataset.items)}.",
                name, user, step, *_around(run, step),
            )  # fmt: skip
    return best[1] if best else None


def _missed(dataset: Dataset, replays: dict[str, Replay], name: str) -> Story | None:
    """The worst rank in the test part, of someone usually foreseen, for a kind of place they had never been to."""
    best: tuple[float, Story] | None = None
    categories = dataset.items["category"]
    for user, run, step, item in _foresight(replays):
        past = categories.reindex([str(each) for each in run.item_ids[:step]])
        usually = float(np.mean(run.ranks[max(step - 20, 0) : step] <= TOP_K)) if step >= 40 else 0.0
        category = str(categories[item])
        if usually >= 0.7 and not (past == category).any() and (best is None or run.ranks[step] > best[0]):
            favourite = past.value_counts().index[0]
            best = float(run.ranks[step]), Story(
                "miss",
                f"{_name(dataset, user)} surprises the model",
                f"Of the 20 events before, the model had {round(usually * 20)} in its ten. Then {dataset.title_of(item)}: the first "
                f"{category} in {step} events of mostly {favourite}. Ranked {run.ranks[step]:,.0f} of {len(dataset.items)}.",
                name, user, step, *_around(run, step),
            )  # fmt: skip
    return best[1] if best else None


def _foresight(replays: dict[str, Replay]) -> Iterator[tuple[str, Replay, int, str]]:
    """Every step that the model neither learnt from nor was chosen by."""
    for user, run in replays.items():
        for step in np.flatnonzero(run.splits == SPLIT_NAMES[TEST]):
            yield user, run, int(step), str(run.item_ids[step])


def _around(run: Replay, step: int, count: int = 48) -> tuple[int, tuple[float, ...]]:
    first = max(0, min(step - count // 2, run.length - count))
    return first, tuple(float(rank) for rank in run.ranks[first : min(first + count, run.length)])


def _name(dataset: Dataset, user: str) -> str:
    if dataset.users is not None and "name" in dataset.users and user in dataset.users.index:
        return str(dataset.users.at[user, "name"])
    return f"Person {user}"


def _main() -> None:
    from recsys.datasets import open_dataset, prepared_folder
    from recsys.datasets.prepared import read_extra
    from recsys.training.checkpoints import list_checkpoints, load

    dataset, folder = open_dataset("demo-city"), prepared_folder("demo-city")
    truth = None if folder is None else read_extra(folder, "truth")
    shipped = [found for found in list_checkpoints("demo-city") if found.shipped and found.card.protocol == "temporal"]
    if folder is None or truth is None or not shipped:
        raise DataError("stories need the shipped demo-city and its checkpoints; make them first: see README, Reproduce")
    best = max(shipped, key=lambda found: found.card.validation.get("ndcg@10", 0.0))
    write_stories(folder, dataset, truth, load(best.folder).model, best.name)


if __name__ == "__main__":
    _main()
