"""A checkpoint's architecture, and its predicted ratings beside the given ones."""

from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.rating_text import describe_rating_error
from recsys.core.formatting import format_number, format_share, join_words
from recsys.core.translation import _, ngettext
from recsys.figures.model_summary import parts_icicle
from recsys.figures.ratings import rating_calibration
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.analysis.model_summary import ModelPart
    from recsys.training.checkpoints import CheckpointEntry

SMALL_SHARE = 0.01
LARGEST = 3


def draw_architecture(here: Cursor, found: "CheckpointEntry") -> None:
    """Draw the parts of the model as a chart and a table, and its predicted ratings where it makes any."""
    model = cache.model_summary(here.dataset, found.name, here.device)
    colours = theme.theme_palette()
    wide, narrow = st.columns([13, 7], gap="medium")
    with wide:
        charts.chart(parts_icicle(model, colours), key=f"parts_{found.name}", alt=describe_parts(model))
    with narrow:
        st.html(parts_table(model, find_model_spec(found.card.model).gradient))
    predictions = cache.expected_ratings(here.dataset, found.name, here.device)
    if predictions is not None:
        sentence = describe_rating_error(predictions)
        charts.chart(rating_calibration(predictions, colours), key=f"ratings_{found.name}", alt=sentence)
        st.caption(sentence)


def describe_parts(model: "ModelPart") -> str:
    """Return a sentence on the size of a model and its largest parts."""
    largest = join_words(part.title for part in sorted(model.parts, key=lambda part: -part.size)[:LARGEST])
    return ngettext("{count} parameter; largest parts: {parts}.", "{count} parameters; largest parts: {parts}.", model.size, parts=largest)


def parts_table(model: "ModelPart", gradient: bool) -> str:
    """Return the parts of the first level as a table in HTML, largest first, with their numbers of parameters."""
    rows = "".join(_part_row(part, model.size) for part in sorted(model.parts, key=lambda part: -part.size))
    heads = (_("Part"), _("Learnt") if gradient else _("Counted"), _("Fixed"))
    head = f"<th>{heads[0]}</th>" + "".join(f'<th class="n">{each}</th>' for each in heads[1:])
    total = _("Total")
    rows += f'<tr class="now"><td>{total}</td>{_count_cells(model)}</tr>'
    return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _part_row(part: "ModelPart", whole: int) -> str:
    share = part.size / max(whole, 1)
    size = format_share(share) if share >= SMALL_SHARE else _("< {share}", share=format_share(SMALL_SHARE))
    note = ", ".join(filter(None, [part.kind, size]))
    return f"<tr><td>{html.escape_html(part.title)}<small>{html.escape_html(note)}</small></td>{_count_cells(part)}</tr>"


def _count_cells(part: "ModelPart") -> str:
    return "".join(f'<td class="n">{format_number(count) if count else "–"}</td>' for count in (part.trainable, part.size - part.trainable))
