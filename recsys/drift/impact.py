"""How drift and error go together: how much worse a model ranks what comes next after a change, and whether more after a larger one.

A model may get worse along any life, since it learnt from the earlier part of it. So people who changed are compared with people who
did not, at the same parts of their lives. Events that it learnt from are counted: of these it shows how well it fits, not what it foresees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from recsys.core import TOP_K, Dataset, Recommender
from recsys.core.split import TRAIN
from recsys.evaluation.replay import replay_history

AROUND, LEAST = 40, 10  # steps on either side, at most and at least
FEWEST = 10  # people of either sort
PEOPLE = 150  # of either sort, spread evenly over the dataset
DRAWS = 1000
LIMITS = (0.025, 0.975)


@dataclass(frozen=True)
class Moment:
    """A step of somebody's life to look around: that of their largest lasting change, of `size`, or any with size 0."""

    user: str
    step: int
    size: float


@dataclass(frozen=True)
class Around:
    """The change in mean reciprocal rank and in hit rate at a moment, after less before; `learnt` is the share of these events that taught."""

    moment: Moment
    reciprocal: float
    hits: float
    learnt: float


@dataclass(frozen=True, eq=False)
class Impact:
    """What a change costs a model. Each (3,) is a mean and its 95 % interval by bootstrap over people.

    `changed` and `stable` are after less before in mean reciprocal rank, `hits_changed` and `hits_stable` in hit rate, `excess` is by
    how much the changed lose more in reciprocal rank, `relation` Spearman's correlation of size and change among the changed. `learnt` is
    the share of all events looked at that the model learnt from.
    """

    rows: tuple[Around, ...]
    changed: np.ndarray
    stable: np.ndarray
    hits_changed: np.ndarray
    hits_stable: np.ndarray
    excess: np.ndarray
    relation: np.ndarray
    learnt: float


def sample_moments(dataset: Dataset, reports: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """From everybody's plain reports: up to 150 changes, and as many moments of people without any, at like parts of their lives."""
    changed, others = [], []
    for report in reports:
        lasting = [each for each in report["changes"] if each["kind"] != "temporary"]
        if lasting:
            largest = max(lasting, key=lambda each: float(each["size"]))
            changed.append(Moment(report["user"], _step(dataset, report["user"], largest["time"]), float(largest["size"])))
        else:
            others.append(str(report["user"]))
    lengths = {user: len(dataset.item_codes[dataset.rows(user)]) for user in (*(each.user for each in changed), *others)}
    changed = _spread([each for each in changed if LEAST <= each.step <= lengths[each.user] - LEAST])
    parts = [each.step / lengths[each.user] for each in changed]
    others = _spread([user for user in others if lengths[user] >= 3 * LEAST]) if parts else []
    stable = [
        Moment(user, int(np.clip(parts[at % len(parts)] * lengths[user], LEAST, lengths[user] - LEAST)), 0.0)
        for at, user in enumerate(others)
    ]
    return [*changed, *stable]


def measure_impacts(model: Recommender, dataset: Dataset, moments: Sequence[Moment], labels: np.ndarray) -> Iterator[Around]:
    """Replay one person after another and look around their moment; `labels` (n_events,) are those of the split the model learnt by."""
    for moment in moments:
        ranks = replay_history(model, dataset.history(moment.user), dataset.repeats).ranks
        start, stop = max(moment.step - AROUND, 0), moment.step + AROUND
        before, after = ranks[start : moment.step], ranks[moment.step : stop]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        learnt = labels[dataset.rows(moment.user)][start:stop] == TRAIN
        yield Around(
            moment,
            float((1 / after).mean() - (1 / before).mean()),
            float((after <= TOP_K).mean() - (before <= TOP_K).mean()),
            float(learnt.mean()),
        )


def summarize_impact(rows: Sequence[Around], seed: int = 0) -> Impact:
    """All of it in a few numbers; needs people of both sorts."""
    sizes = np.array([row.moment.size for row in rows])
    values = np.array([(row.reciprocal, row.hits) for row in rows]).reshape(-1, 2)
    of = [np.flatnonzero(sizes > 0), np.flatnonzero(sizes == 0)]
    rng = np.random.default_rng(seed)
    drawn = [[each, *(rng.choice(each, len(each)) for _ in range(DRAWS))] for each in of]
    changed, stable = (np.array([values[at].mean(axis=0) for at in each]) for each in drawn)
    relation = np.array([_spearman(sizes[at], values[at, 0]) for at in drawn[0]])
    return Impact(
        tuple(rows), _banded(changed[:, 0]), _banded(stable[:, 0]), _banded(changed[:, 1]), _banded(stable[:, 1]),
        _banded(changed[:, 0] - stable[:, 0]), _banded(relation), float(np.mean([row.learnt for row in rows])),
    )  # fmt: skip


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    ranks = np.array([rankdata(one), rankdata(other)])
    return float(np.corrcoef(ranks)[0, 1]) if (ranks.std(axis=1) > 0).all() else 0.0


def _banded(values: np.ndarray) -> np.ndarray:
    return np.array([values[0], *np.quantile(values[1:], LIMITS)])


def _spread(rows: list[Any]) -> list[Any]:
    return [rows[at] for at in np.unique(np.linspace(0, len(rows) - 1, min(len(rows), PEOPLE)).round().astype(int))] if rows else []


def _step(dataset: Dataset, user: str, time: Any) -> int:
    """The first event at or after a time as a report prints it: ISO 8601 in UTC, or a step."""
    if isinstance(time, int) or dataset.times is None:
        return int(time)
    later = np.flatnonzero(dataset.times[dataset.rows(user)] >= np.datetime64(str(time).rstrip("Z"), "s").astype(np.int64))
    return int(later[0]) if len(later) else 0
