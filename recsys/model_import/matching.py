"""Ids of a model and of a dataset, matched: ids are text, whatever type the file gave them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.core.dataset import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number, format_share
from recsys.core.translation import N_, _

MOST_EXACT = 2.0**53
"""Number up to which float64 has every whole number."""
MOST_BYTES = 500_000_000
"""Size up to which a list of ids is read: tens of millions of them."""


@dataclass(frozen=True, eq=False)
class ItemMatch:
    """Own items of a model found in a dataset: `columns` (n_items,) is the column of each item of the dataset, −1 for an unknown one."""

    columns: np.ndarray
    matches: tuple[Check, ...]


def to_ids(values: Iterable[object]) -> np.ndarray:
    """Return ids (n,) as text, without spaces around them; whole numbers are written without a decimal point if all ids are such."""
    try:
        if isinstance(values, np.ndarray) and values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8")
        series = pd.Series(values)
        if series.dtype.kind == "f" and (series.abs() < MOST_EXACT).all() and (series == np.floor(series)).all():
            series = series.astype(np.int64)
        texts = series.astype(str).str.strip()
    except (TypeError, ValueError) as error:  # several columns, records, or bytes that are not UTF-8
        raise DataError(
            _("ids cannot be read ({reason}); give one row of text or whole numbers", reason=str(error).split("\n")[0])
        ) from error
    if texts.str.fullmatch(r"\d+\.0+").all() and len(texts):
        texts = texts.str.replace(r"\.0+$", "", regex=True)
    return texts.to_numpy(dtype=object)


def match_items(item_ids: np.ndarray, dataset: Dataset, least_overlap: float) -> ItemMatch:
    """Find a model's own items (n_own,) in a dataset; too few of them, or the same one twice, are a DataError with examples."""
    twice = pd.Series(item_ids).duplicated()
    if twice.any():
        raise DataError(
            _("the model has the item '{item}' more than once; give every item one id of its own", item=str(item_ids[twice.to_numpy()][0]))
        )
    at = dataset.vocabulary.encode(item_ids) - 1
    check_overlap(N_("items"), item_ids, at >= 0, dataset, dataset.item_ids, least_overlap)
    columns = np.full(len(dataset.item_ids), -1, dtype=np.int64)
    columns[at[at >= 0]] = np.flatnonzero(at >= 0)
    return ItemMatch(columns, describe_item_match(at >= 0, columns))


def describe_item_match(is_known: np.ndarray, columns: np.ndarray) -> tuple[Check, ...]:
    """Return the report lines of a match of items."""
    lines = [Check(N_("items of the model that the dataset has"), int(is_known.sum()), "kept")]
    if not is_known.all():
        lines.append(Check(N_("items of the model that the dataset does not have"), int((~is_known).sum()), "dropped"))
    if (columns < 0).any():
        lines.append(Check(N_("items of the dataset that the model does not know, never recommended"), int((columns < 0).sum()), "kept"))
    return tuple(lines)


def describe_user_match(is_known: np.ndarray) -> list[Check]:
    """Return the report lines of users of a model, of whom the dataset has those that are known (n,) bool."""
    lines = [Check(N_("users of the model that the dataset has"), int(is_known.sum()), "kept")]
    if not is_known.all():
        lines.append(Check(N_("users of the model that the dataset does not have"), int((~is_known).sum()), "dropped"))
    return lines


def check_overlap(kind: str, given: np.ndarray, is_known: np.ndarray, dataset: Dataset, known: np.ndarray, least_overlap: float) -> None:
    """Raise a DataError with examples if too small a share of ids is in the dataset. `kind` is N_("items") or N_("users")."""
    share = float(is_known.mean()) if len(given) else 0.0
    if share >= least_overlap and len(given):
        return
    examples = [str(each) for each in given[~is_known][:2]]
    raise DataError(
        _(
            "only {known} of {count} {kind} of the model ({share}) are in '{dataset}': the model has for example {example}, the dataset {other}; "
            "choose the dataset that it was trained on, or give the ids in a file",
            known=format_number(int(is_known.sum())),
            count=format_number(len(given)),
            kind=_(kind),
            share=format_share(share),
            dataset=dataset.name,
            example=", ".join(f"'{each}'" for each in examples) or "–",
            other=", ".join(f"'{each}'" for each in known[:2]),
        )
    )
