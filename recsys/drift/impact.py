"""Impact of drift on a model: the loss of rank after a change of interest, and its correlation with the size of the change.

A model may rank later events worse for any user, since it was trained on the earlier ones. So users with a change are compared with
users without one at the same fraction of their timelines. The share of training events is reported, since these measure fit and
not prediction.
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
FEWEST = 10  # users with and without a change, at least
USERS = 150  # users with and without a change, at most, spread evenly over the dataset
DRAWS = 1000
LIMITS = (0.025, 0.975)


@dataclass(frozen=True)
class Moment:
    """A step of a user's timeline: that of the largest lasting change, with its `size`, or one of a user without a change, with size 0."""

    user: str
    step: int
    size: float


@dataclass(frozen=True)
class MomentEffect:
    """Differences in mean reciprocal rank and hit rate, after minus before a moment; `train_share` is the share of training events."""

    moment: Moment
    reciprocal: float
    hits: float
    train_share: float


@dataclass(frozen=True, eq=False)
class Impact:
    """Impact of changes on a model. Each (3,) is a mean and its 95 % interval by bootstrap over users.

    `changed` and `stable` are differences in mean reciprocal rank, after minus before, for users with and without a change,
    `hits_changed` and `hits_stable` those in hit rate. `excess` is `changed` minus `stable`, `relation` Spearman's correlation of the
    size of a change and the difference in reciprocal rank. `train_share` is the share of training events among all these events.
    """

    rows: tuple[MomentEffect, ...]
    changed: np.ndarray
    stable: np.ndarray
    hits_changed: np.ndarray
    hits_stable: np.ndarray
    excess: np.ndarray
    relation: np.ndarray
    train_share: float


def sample_moments(dataset: Dataset, reports: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """Sample from the plain reports of all users up to 150 changes, and as many moments of users without one, at the same fractions of their timelines."""
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


def measure_impacts(model: Recommender, dataset: Dataset, moments: Sequence[Moment], labels: np.ndarray) -> Iterator[MomentEffect]:
    """Yield the effect at each moment by a replay of its user; `labels` (n_events,) are those of the split that the model was trained with."""
    for moment in moments:
        ranks = replay_history(model, dataset.history(moment.user), dataset.repeats).ranks
        start, stop = max(moment.step - AROUND, 0), moment.step + AROUND
        before, after = ranks[start : moment.step], ranks[moment.step : stop]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        in_training = labels[dataset.rows(moment.user)][start:stop] == TRAIN
        yield MomentEffect(
            moment,
            float((1 / after).mean() - (1 / before).mean()),
            float((after <= TOP_K).mean() - (before <= TOP_K).mean()),
            float(in_training.mean()),
        )


def summarize_impact(rows: Sequence[MomentEffect], seed: int = 0) -> Impact:
    """Summarize the effects; needs users with and without a change."""
    sizes = np.array([row.moment.size for row in rows])
    values = np.array([(row.reciprocal, row.hits) for row in rows]).reshape(-1, 2)
    of = [np.flatnonzero(sizes > 0), np.flatnonzero(sizes == 0)]
    rng = np.random.default_rng(seed)
    drawn = [[each, *(rng.choice(each, len(each)) for _ in range(DRAWS))] for each in of]
    changed, stable = (np.array([values[at].mean(axis=0) for at in each]) for each in drawn)
    relation = np.array([_spearman(sizes[at], values[at, 0]) for at in drawn[0]])
    return Impact(
        tuple(rows), _with_interval(changed[:, 0]), _with_interval(stable[:, 0]), _with_interval(changed[:, 1]), _with_interval(stable[:, 1]),
        _with_interval(changed[:, 0] - stable[:, 0]), _with_interval(relation), float(np.mean([row.train_share for row in rows])),
    )  # fmt: skip


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    ranks = np.array([rankdata(one), rankdata(other)])
    return float(np.corrcoef(ranks)[0, 1]) if (ranks.std(axis=1) > 0).all() else 0.0


def _with_interval(values: np.ndarray) -> np.ndarray:
    return np.array([values[0], *np.quantile(values[1:], LIMITS)])


def _spread(rows: list[Any]) -> list[Any]:
    return [rows[at] for at in np.unique(np.linspace(0, len(rows) - 1, min(len(rows), USERS)).round().astype(int))] if rows else []


def _step(dataset: Dataset, user: str, time: Any) -> int:
    """Return the first event at or after a time of a plain report: ISO 8601 in UTC, or a step."""
    if isinstance(time, int) or dataset.times is None:
        return int(time)
    later = np.flatnonzero(dataset.times[dataset.rows(user)] >= np.datetime64(str(time).rstrip("Z"), "s").astype(np.int64))
    return int(later[0]) if len(later) else 0
