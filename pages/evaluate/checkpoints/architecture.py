"""A trained model from within: how it is built, and how near the ratings it expects are to those given."""

from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from recsys.figures.model_summary import parts_boxes, spoken
from recsys.figures.ratings import ratings_beside
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.analysis.model_summary import ModelPart
    from recsys.evaluation.rating_predictions import RatingPredictions
    from recsys.training.checkpoints import Found

FEW = 1.0


def draw(here: Cursor, found: "Found") -> None:
    model = cache.model_summary(here.dataset, found.name, here.device)
    colours = theme.theme_palette()
    wide, narrow = st.columns([13, 7], gap="medium")
    with wide:
        boxes = parts_boxes(model, colours)
        charts.chart(boxes, key=f"parts_{found.name}", alt=in_words(model))
    with narrow:
        st.html(parts_html(model, MODELS[found.card.model].gradient))
    expected = cache.expected_ratings(here.dataset, found.name, here.device)
    if expected is not None:
        figure = ratings_beside(expected, colours)
        charts.chart(figure, key=f"ratings_{found.name}", alt=rated_in_words(expected))
        st.caption(rated_in_words(expected))


def in_words(model: "ModelPart") -> str:
    biggest = sorted(model.parts, key=lambda part: -part.size)[:3]
    return f"{model.size:,} numbers; most are in {', '.join(spoken(part) for part in biggest)}."


def parts_html(model: "ModelPart", gradient: bool) -> str:
    """The parts of the first level as a table, the biggest first, with how many numbers each has."""
    rows = "".join(_row(part, model.size) for part in sorted(model.parts, key=lambda part: -part.size))
    head = f'<th>Part</th><th class="n">{"Learnt" if gradient else "Counted"}</th><th class="n">Fixed</th>'
    total = (
        f'<tr class="now"><td>Together</td><td class="n">{model.learnt:,}</td><td class="n">{_or_none(model.size - model.learnt)}</td></tr>'
    )
    return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}{total}</tbody></table>'


def _row(part: "ModelPart", whole: int) -> str:
    share = 100 * part.size / max(whole, 1)
    note = f"{part.kind}, {share:.0f} %" if share >= FEW else f"{part.kind}, under 1 %"
    return (
        f"<tr><td>{html.escape_html(spoken(part))}<small>{html.escape_html(note.removeprefix(', '))}</small></td>"
        f'<td class="n">{_or_none(part.learnt)}</td><td class="n">{_or_none(part.size - part.learnt)}</td></tr>'
    )


def _or_none(count: int) -> str:
    return f"{count:,}" if count else "–"


def rated_in_words(expected: "RatingPredictions") -> str:
    better = expected.baseline - expected.rmse
    verdict = "better than" if better > 0.005 else "worse than" if better < -0.005 else "no better than"
    return (
        f"On {len(expected.given):,} validation events the expected rating is off by {expected.rmse:.2f} (root mean square), "
        f"{verdict} always saying the mean of {expected.mean:.2f}, which is off by {expected.baseline:.2f}."
    )
