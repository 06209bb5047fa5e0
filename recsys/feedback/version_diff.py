"""Differences of two versions of a checkpoint: metrics, settings, training data, feedback on their lists, and the lists themselves."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core import TOP_K, Dataset, Request, candidate_scores, top_k
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.feedback.version_names import join_version, number_version, split_version
from recsys.feedback.versions import Version, list_versions
from recsys.training.checkpoints import LoadedCheckpoint, check_dataset_match, find_checkpoint, load_checkpoint

SAMPLE = 100
"""Users whose lists are compared."""


@dataclass(frozen=True)
class VersionDiff:
    """Values of two versions, first and second; `config` and `trained_on` hold only what differs.

    `metrics` are those of the validation events, `feedback` the numbers of answers to their lists. `overlap` is the mean share of items
    that the top-10 lists of the two have in common, for `users` users at the end of their timelines.
    """

    first: str
    second: str
    metrics: dict[str, tuple[float, float]]
    config: dict[str, tuple[Any, Any]]
    trained_on: dict[str, tuple[Any, Any]]
    feedback: tuple[int, int]
    overlap: float
    users: int


def diff_versions(store: Store, dataset: Dataset, second: str, first: str | None = None, seed: int = 0) -> VersionDiff:
    """Compare a version with another one of the same checkpoint, by default with its parent."""
    base, number = split_version(second)
    versions = {each.version: each for each in list_versions(store, dataset.name, base)}
    new = _find(versions, base, number)
    old = _find(versions, base, new.parent or 1) if first is None else _find(versions, *split_version(first))
    loaded = [_load(each, dataset) for each in (old, new)]
    users = np.sort(np.random.default_rng(seed).permutation(len(dataset.user_ids))[:SAMPLE])
    return VersionDiff(
        first=old.full_name,
        second=new.full_name,
        metrics={name: (value, new.validation[name]) for name, value in old.validation.items() if name in new.validation},
        config=_differences(*(each.card.config for each in loaded)),
        trained_on=_differences(*(each.card.trained_on for each in loaded)),
        feedback=(old.feedback, new.feedback),
        overlap=_compute_overlap(dataset, loaded[0].model, loaded[1].model, users),
        users=len(users),
    )


def _find(versions: dict[int, Version], base: str, number: int) -> Version:
    if number not in versions or versions[number].checkpoint != base:
        known = ", ".join(each.full_name for each in versions.values())
        raise DataError(_("there is no version '{name}' to compare; known: {known}", name=number_version(base, number), known=known))
    return versions[number]


def _load(version: Version, dataset: Dataset) -> LoadedCheckpoint:
    loaded = load_checkpoint(find_checkpoint(join_version(version.checkpoint, version.version), dataset.name))
    check_dataset_match(loaded.card, dataset)
    return loaded


def _differences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)}


def _compute_overlap(dataset: Dataset, first: Any, second: Any, users: np.ndarray) -> float:
    requests = [Request(dataset.history(str(dataset.user_ids[user]))) for user in users]
    lists = []
    for model in (first, second):
        scores = candidate_scores(model, requests, model.vocabulary, dataset.repeats)
        best = top_k(scores, TOP_K)
        lists.append([{int(item) for item in items if row[item] > -np.inf} for items, row in zip(best, scores, strict=True)])
    return float(np.mean([len(a & b) / max(len(a), len(b), 1) for a, b in zip(*lists, strict=True)]))
