"""Layouts of tables whose rows are not one event each, and their unfolding into rows of events.

`detect_layout` judges a table by a sample; `unfold` returns SQL over it that gives one row per event. A layout that neither the names nor
the cells make certain is asked about (`ask_layout`).
"""

from collections.abc import Callable

import duckdb
import pandas as pd

from recsys.core.errors import QuestionError
from recsys.core.translation import _
from recsys.datasets.importing.layouts.impressions import detect_impressions, unfold_impressions
from recsys.datasets.importing.layouts.lines import unfold_lines
from recsys.datasets.importing.layouts.lists import detect_lists, unfold_lists
from recsys.datasets.importing.layouts.matrix import detect_matrix, unfold_matrix
from recsys.datasets.importing.layouts.unfolding import Layout, LayoutGuess, Unfolding

__all__ = ["Layout", "LayoutGuess", "Unfolding", "ask_layout", "detect_layout", "unfold"]

_UNFOLD: dict[Layout, Callable[[str, tuple[str, ...], pd.DataFrame, duckdb.DuckDBPyConnection], Unfolding]] = {
    "lines": unfold_lines,
    "lists": unfold_lists,
    "matrix": unfold_matrix,
    "impressions": unfold_impressions,
}


def detect_layout(sample: pd.DataFrame) -> LayoutGuess:
    """Return the probable layout of a table from its first rows as text."""
    guess = detect_impressions(sample) or detect_matrix(sample) or detect_lists(sample)
    return guess or LayoutGuess("rows", _("every row is one event"))


def unfold(layout: Layout, table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> Unfolding:
    """Return SQL for one row per event of a table of this layout; a table that cannot have it is a DataError.

    `table_sql` is what stands after FROM: a table, a table function or a subquery. `sample` are its first rows as text.
    """
    if layout == "rows":
        return Unfolding("rows", table_sql, columns, {})
    return _UNFOLD[layout](table_sql, columns, sample, con)


def ask_layout(file: str, guess: LayoutGuess | Unfolding) -> QuestionError:
    """Return the question whether a table has the layout that it seems to have."""
    message = _(
        "{file}: {reason}; should it be read so (layout {layout}), or as one event a row (layout rows)?",
        file=file,
        reason=guess.reason,
        layout=guess.layout,
    )
    return QuestionError(message, "--layout", guess.layout, choices=(guess.layout, "rows"))
