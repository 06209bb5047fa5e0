"""Recommendations as a table: one row for each item of a list, with a score or a rank, of one model or several.

Read are tables in every dialect that the import of data reads, RecTools' reco tables and its folder of a visual app, Elliot's tables
without a header, LensKit's flat and nested lists, Evidently's tables, TREC runs and ranx's JSON.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.list_steps import count_seen, find_steps
from recsys.model_import.matching import check_overlap, to_ids
from recsys.model_import.options import ImportOptions
from recsys.model_import.recommendation_rows import read_rows
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.recommendation_lists import ListsConfig, RecommendationLists

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".json", ".jsonl", ".ndjson", ".gz", ".zip", ".xlsx", ".run", ".trec", ".dat")
_MOST_REPEATS = 0.01


def recognizes(path: Path) -> bool:
    """Return whether this may be a table: by the suffix, or a folder with the lists of a visual app."""
    if path.is_dir():
        return _in_folder(path) is not None
    return path.suffix.lower() in _SUFFIXES


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the lists of every model in a file.

    Raises:
        QuestionError: columns, or the step at which lists without a time were made, are not certain.
        DataError: the file is not such a table, or too few of its users or items are in the dataset.
    """
    file = _in_folder(path) if path.is_dir() else path
    if file is None:
        raise DataError(_("{folder} has no file of recommendations; give the file itself", folder=path.name))
    rows, notes = read_rows(file, options)
    checks = [*notes, *_match_ids(rows, dataset, options.least_overlap)]
    rows = rows[(rows["user"] >= 0) & (rows["item"] >= 0)].reset_index(drop=True)
    rows["step"], note, protocol = find_steps(rows, dataset, options.made_before)
    checks.append(note)
    names = rows["model"].unique().tolist() if "model" in rows else [file.name.split(".")[0]]
    models = []
    for name in names:
        own = rows[rows["model"] == name] if "model" in rows else rows
        model, found = _build_lists(own, dataset, str(name))
        source = {"format": "recommendations", "file": file.name, "depth": model.depth}
        models.append(ImportedModel("lists", model, str(name), (*checks, *found), source, protocol))
    return models


def _in_folder(folder: Path) -> Path | None:
    """Return the file of lists in a folder such as that of RecTools' visual app."""
    return next((each for each in sorted(folder.glob("reco*")) if each.suffix.lower() in _SUFFIXES), None)


def _match_ids(rows: pd.DataFrame, dataset: Dataset, least_overlap: float) -> list[Check]:
    """Replace the ids by codes in the dataset, −1 where it does not have them, and return what was found."""
    checks = []
    for kind, known in (("user", dataset.user_ids), ("item", dataset.item_ids)):
        codes, texts = pd.factorize(rows.pop(f"{kind}_id"))
        ids = to_ids(texts)
        at = pd.Index(known).get_indexer(ids)
        check_overlap(N_("users") if kind == "user" else N_("items"), ids, at >= 0, dataset, known, least_overlap)
        rows[kind] = np.where(codes >= 0, at[codes], -1)
        checks.append(Check(_FOUND[kind], int((at >= 0).sum()), "kept"))
        if (at < 0).any():
            checks.append(Check(_NOT_FOUND[kind], int((at < 0).sum()), "dropped"))
    lost = int(((rows["user"] < 0) | (rows["item"] < 0)).sum())
    return [*checks, *([Check(N_("rows of users or items that the dataset does not have"), lost, "dropped")] if lost else [])]


_FOUND = {"user": N_("users with lists that the dataset has"), "item": N_("recommended items that the dataset has")}
_NOT_FOUND = {"user": N_("users with lists that the dataset does not have"), "item": N_("recommended items that the dataset does not have")}


def _build_lists(rows: pd.DataFrame, dataset: Dataset, name: str) -> tuple[RecommendationLists, list[Check]]:
    """Return the lists of one model, and what was found in them."""
    checks = []
    is_number = np.ones(len(rows), dtype=bool)
    for column in ("score", "rank"):
        if column in rows:
            is_number &= np.isfinite(rows[column].to_numpy())
    if not is_number.all():
        checks.append(Check(N_("rows whose score or rank is not a number"), int((~is_number).sum()), "dropped"))
        rows = rows[is_number]
    if not len(rows):
        raise DataError(_("the model {model} has no row with a number as score or rank; check the columns", model=name))
    order = [rows["rank"].to_numpy()] if "rank" in rows else [-rows["score"].to_numpy()]
    lists = rows[["user", "step"]].to_numpy()
    rows = rows.iloc[np.lexsort((*order, lists[:, 1], lists[:, 0]))]
    is_repeat = rows.duplicated(["user", "step", "item"]).to_numpy()
    if is_repeat.mean() > _MOST_REPEATS:
        raise DataError(
            _(
                "the model {model} lists {count} items twice for one user at one time; if the file holds several models or times, name the "
                "column with --map model=COLUMN or --map time=COLUMN",
                model=name,
                count=format_number(int(is_repeat.sum())),
            )
        )
    if is_repeat.any():
        checks.append(Check(N_("items listed twice in one list, of which the better place counts"), int(is_repeat.sum()), "dropped"))
        rows = rows[~is_repeat]
    users, steps, items = (rows[column].to_numpy() for column in ("user", "step", "item"))
    is_first = np.concatenate([[True], (users[1:] != users[:-1]) | (steps[1:] != steps[:-1])])
    firsts = np.flatnonzero(is_first)
    starts = np.append(firsts, len(rows))
    scores, note = _compute_scores(rows, is_first, np.arange(len(rows)) - np.repeat(firsts, np.diff(starts)))
    checks += note
    hashes = np.array([hash_user_id(str(dataset.user_ids[user])) for user in users[firsts]], dtype=np.uint64)
    by_user = np.lexsort((steps[firsts], hashes))
    parts = [np.arange(starts[at], starts[at + 1]) for at in by_user]
    taken = np.concatenate(parts)
    arrays = {
        "user_hashes": hashes[by_user],
        "steps": steps[firsts][by_user].astype(np.int64),
        "starts": np.concatenate([[0], np.cumsum(np.diff(starts)[by_user])]).astype(np.int64),
        "items": items[taken].astype(np.int64),
        "scores": scores[taken],
    }
    model = RecommendationLists(dataset.item_ids, ListsConfig(), arrays)
    checks += [Check(N_("lists"), len(firsts), "kept"), Check(N_("items in the longest list"), model.depth, "kept")]
    checks.append(_count_seen(dataset, users, steps, items))
    return model, checks


def _compute_scores(rows: pd.DataFrame, is_first: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, list[Check]]:
    """Return the scores (n,) float32 of sorted rows: those of the file, without ties where ranks order them; 1 / place where ranks contradict."""
    if "score" not in rows:
        return (1 / (1 + place)).astype(np.float32), []
    scores = rows["score"].to_numpy().astype(np.float32)
    if "rank" not in rows:
        return scores, []
    rises = int((~is_first[1:] & (scores[1:] > scores[:-1])).sum())
    if rises:
        note = Check(N_("neighbours in a list whose scores contradict their ranks: the ranks count"), rises, "reordered")
        return (1 / (1 + place)).astype(np.float32), [note]
    return _break_ties(scores, is_first), []


def _break_ties(scores: np.ndarray, is_first: np.ndarray) -> np.ndarray:
    """Return scores that fall within each list: a tied score becomes the next smaller number, too near to be seen."""
    scores = scores.copy()
    while (is_tied := ~is_first[1:] & (scores[1:] >= scores[:-1])).any():
        scores[1:][is_tied] = np.nextafter(scores[:-1][is_tied], np.float32(-np.inf))
    return scores


def _count_seen(dataset: Dataset, users: np.ndarray, steps: np.ndarray, items: np.ndarray) -> Check:
    """Return how many listed items their users had already had: none where seen items were filtered."""
    seen = count_seen(dataset, users, steps, items)
    label = (
        N_("listed items that the user had had before: seen items were not filtered")
        if seen
        else N_("listed items that the user had had before: seen items were filtered")
    )
    return Check(label, seen, "kept")
