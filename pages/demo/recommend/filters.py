"""Filters of the recommended list: allowed categories, and a maximum number of items of one category."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages import cache
from recsys.core import Dataset
from recsys.core.diversity import limit_per_category
from recsys.core.formatting import format_number
from recsys.core.translation import _

ANY = "any"


@dataclass(frozen=True)
class Filters:
    """Allowed categories, all where empty, and the most items of one category, None for any number."""

    categories: tuple[str, ...] = ()
    most: int | None = None


def draw_filters(dataset: Dataset) -> Filters:
    """Draw the filters; none for items without categories."""
    categories = cache.category_order(dataset)
    if not categories:
        return Filters()
    chosen = st.multiselect(_("Categories"), categories, key=f"try_only_{dataset.name}", placeholder=_("all categories"))
    most = st.select_slider(_("Maximum per category"), ["1", "2", "3", "4", ANY], ANY, key="try_most", format_func=_count_label)
    return Filters(tuple(chosen), None if most == ANY else int(most))


def select_top_items(dataset: Dataset, item_ids: np.ndarray, scores: np.ndarray, k: int, filters: Filters) -> np.ndarray:
    """Return the positions of the top k scores that the filters allow, best first."""
    categories: Sequence[str | None] = [None] * len(item_ids)
    if filters != Filters() and "category" in dataset.items:
        categories = dataset.items["category"].reindex(item_ids).tolist()
    if filters.categories:
        scores = np.where([category in filters.categories for category in categories], scores, -np.inf)
    return limit_per_category(scores, categories, k, filters.most)


def _count_label(count: str) -> str:
    return _("any") if count == ANY else format_number(int(count))
