"""Lists of one model, made of rows with a user, an item and a score or rank."""

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.model_import.list_steps import count_seen
from recsys.models.base.count_based import hash_user_ids
from recsys.models.imported.recommendation_lists import ListsConfig, RecommendationLists

MOST_REPEATS = 0.01
"""Share of rows up to which an item that is twice in a list is a slip; more of them are two lists in one."""
MOST_TIED_RANKS = 0.25
"""Share of rows up to which a rank that is twice in a list is a tie; more of them are two lists in one."""


def build_lists(rows: pd.DataFrame, dataset: Dataset, name: str) -> tuple[RecommendationLists, list[Check]]:
    """Return the lists of a model, and what was found in them.

    Args:
        rows: `user` and `item` are codes in the dataset from 0, `step` the number of events before the list; `score` and `rank`, one
            of which may be missing, and `time` where known.
        name: the name of the model, for errors.
    """
    checks: list[Check] = []
    rows = _drop_unreadable(_keep_latest(rows, checks), name, checks)
    rows = _drop_repeats(rows.iloc[_sort(rows)], name, checks)
    users, steps, items = (rows[column].to_numpy() for column in ("user", "step", "item"))
    firsts = np.flatnonzero(np.concatenate([[True], (users[1:] != users[:-1]) | (steps[1:] != steps[:-1])]))
    lengths = np.diff(np.append(firsts, len(rows)))
    scores = _compute_scores(rows, firsts, lengths, checks)
    listed, owners = np.unique(users[firsts], return_inverse=True)
    hashes = hash_user_ids(dataset.user_ids[listed])[owners]
    by_user = np.lexsort((steps[firsts], hashes))
    starts = np.concatenate([[0], np.cumsum(lengths[by_user])])
    taken = np.arange(len(rows)) + np.repeat(firsts[by_user] - starts[:-1], lengths[by_user])
    arrays = {
        "user_hashes": hashes[by_user],
        "steps": steps[firsts][by_user].astype(np.int64),
        "starts": starts.astype(np.int64),
        "items": items[taken].astype(np.int64),
        "scores": scores[taken],
    }
    model = RecommendationLists(dataset.item_ids, ListsConfig(), arrays)
    checks += [Check(N_("lists"), len(firsts), "kept"), Check(N_("items in the longest list"), model.depth, "kept")]
    return model, [*checks, _describe_seen(count_seen(dataset, users, steps, items))]


def _keep_latest(rows: pd.DataFrame, checks: list[Check]) -> pd.DataFrame:
    """Return the rows of the latest list of each user and step: there may be several between two events."""
    if "time" not in rows or not len(rows):
        return rows
    is_latest = rows["time"].to_numpy() == rows.groupby(["user", "step"])["time"].transform("max").to_numpy()
    if is_latest.all():
        return rows
    replaced = len(rows.loc[~is_latest, ["user", "time"]].drop_duplicates())
    checks.append(Check(N_("lists replaced by a later one before the user's next event"), replaced, "dropped"))
    return rows[is_latest]


def _drop_unreadable(rows: pd.DataFrame, name: str, checks: list[Check]) -> pd.DataFrame:
    """Return the rows with a number that orders them: the rank where there are ranks, else the score."""
    is_number = np.isfinite(rows["rank" if "rank" in rows else "score"].to_numpy())
    if not is_number.all():
        checks.append(Check(N_("rows whose score or rank is not a number"), int((~is_number).sum()), "dropped"))
        rows = rows[is_number]
    if not len(rows):
        raise DataError(_("the model {model} has no row with a number as score or rank; check the columns", model=name))
    return rows


def _sort(rows: pd.DataFrame) -> np.ndarray:
    """Return the order (n,) of the rows: by list, then from the best to the last item; ties keep the order of the file."""
    keys = [-rows["score"].to_numpy()] if "score" in rows else []
    keys += [rows["rank"].to_numpy()] if "rank" in rows else []
    return np.lexsort((*keys, rows["step"].to_numpy(), rows["user"].to_numpy()))


def _drop_repeats(rows: pd.DataFrame, name: str, checks: list[Check]) -> pd.DataFrame:
    """Return sorted rows with each item once in a list; two lists in one are a DataError."""
    is_repeat = rows.duplicated(["user", "step", "item"]).to_numpy()
    is_tied = rows.duplicated(["user", "step", "rank"]).to_numpy() if "rank" in rows else np.zeros(len(rows), dtype=bool)
    if is_repeat.mean() > MOST_REPEATS or is_tied.mean() > MOST_TIED_RANKS:
        raise DataError(
            _(
                "the model {model} has more than one list for a user at one time: {count} items or ranks are there twice; if the file holds "
                "several models or times, name the column with --map model=COLUMN or --map time=COLUMN",
                model=name,
                count=format_number(int(max(is_repeat.sum(), is_tied.sum()))),
            )
        )
    if not is_repeat.any():
        return rows
    checks.append(Check(N_("items listed twice in one list, of which the better place counts"), int(is_repeat.sum()), "dropped"))
    return rows[~is_repeat]


def _compute_scores(rows: pd.DataFrame, firsts: np.ndarray, lengths: np.ndarray, checks: list[Check]) -> np.ndarray:
    """Return the scores (n,) float32 of sorted rows: those of the file where they give the same order, else 1 / place.

    Only rows with the same rank, or without ranks the same score, are ties.
    """
    is_first = np.zeros(len(rows), dtype=bool)
    is_first[firsts] = True
    deciding = rows["rank" if "rank" in rows else "score"].to_numpy()
    is_new = is_first | np.append(True, deciding[1:] != deciding[:-1])
    place = np.maximum.accumulate(np.where(is_new, np.arange(len(rows)), 0)) - np.repeat(firsts, lengths)
    by_place = (1 / (1 + place)).astype(np.float32)
    if "score" not in rows:
        return by_place
    with np.errstate(invalid="ignore", over="ignore"):  # scores need not be numbers where there are ranks
        scores = rows["score"].to_numpy().astype(np.float32)
        step = np.append(0, np.diff(scores))
    if (is_first | np.where(is_new, step < 0, step == 0)).all() and np.isfinite(scores).all():
        return scores
    has_ties = np.isfinite(scores).all() and (is_first | np.where(is_new, step <= 0, step == 0)).all()
    if has_ties:
        return _break_ties(scores, is_first, is_new)
    if rises := int((~is_first & (step > 0)).sum()):
        checks.append(Check(N_("neighbours in a list whose scores contradict their ranks: the ranks count"), rises, "reordered"))
    else:
        checks.append(Check(N_("items whose scores do not tell the order that the file has: the places count"), len(rows), "reordered"))
    return by_place


def _break_ties(scores: np.ndarray, is_first: np.ndarray, is_new: np.ndarray) -> np.ndarray:
    """Return scores that fall where the ranks do: a score tied with the rank before becomes the next smaller number, too near to be seen."""
    scores = scores.copy()
    falls, same = is_new[1:] & ~is_first[1:], ~is_new[1:]
    while (wrong := (falls & (scores[1:] >= scores[:-1])) | (same & (scores[1:] != scores[:-1]))).any():
        lower = np.where(falls, np.nextafter(scores[:-1], np.float32(-np.inf)), scores[:-1])
        scores[1:][wrong] = lower[wrong]
    return scores


def _describe_seen(seen: int) -> Check:
    """Return the line on listed items that their users had already had: none where seen items were filtered."""
    label = (
        N_("listed items that the user had had before: seen items were not filtered")
        if seen
        else N_("listed items that the user had had before: seen items were filtered")
    )
    return Check(label, seen, "kept")
