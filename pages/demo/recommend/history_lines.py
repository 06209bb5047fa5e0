"""Lines above the live list: the last events, and the changes made in this session."""

from collections.abc import Sequence
from datetime import datetime

from pages.ui.formatting import format_moment, plural
from pages.ui.html import escape_html
from recsys.core import Dataset, History


def tried_html(
    dataset: Dataset, taken: Sequence[str], likes: Sequence[str], dislikes: Sequence[str], reason: str | None, supposed: str = ""
) -> str:
    """What this session has added to the history or supposes, and the label of a list that is not the model's own."""
    told = [(name, items) for name, items in (("taken", taken), ("liked", likes), ("not for me", dislikes)) if items]
    said = [f"<b>{escape_html(supposed)}</b>"] if supposed else []
    said += [f"{name} <b>{', '.join(escape_html(dataset.title_of(each)) for each in items)}</b>" for name, items in told]
    label = f'<span class="rs-label">Not a personal list: {escape_html(reason)}</span> ' if reason else ""
    hint = "Take an item and the list answers at once. Nothing here changes the model or the data."
    return f'<p class="rs-tried">{label}{" · ".join(said) or hint}</p>'


def recent_words(dataset: Dataset, history: History, step: int, moment: datetime | None) -> str:
    """HTML: when it is, and what came last."""
    last = [escape_html(dataset.title_of(str(item))) for item in history.items[max(step - 3, 0) : step]][::-1]
    parts = [format_moment(moment)] if moment else []
    parts.append("last: " + ", ".join(f"<b>{each}</b>" for each in last) if last else "nothing is known of them yet")
    return f"after {step:,} of {plural(len(history), dataset.noun)} · " + " · ".join(parts)
