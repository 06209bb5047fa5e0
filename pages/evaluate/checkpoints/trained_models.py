"""The table of checkpoints, and the details of one of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.evaluate.checkpoints import architecture
from pages.evaluate.checkpoints.curves import draw_curves
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import html, metrics
from pages.ui.checkpoint_titles import find_promoted_version, mark_version, name_checkpoint
from recsys.core.formatting import format_number, format_short_moment
from recsys.core.translation import _
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

METRICS = ("ndcg@10", "hr@10")


def draw_trained_models(here: Cursor, trained: Mapping[str, "CheckpointEntry"]) -> None:
    """Draw a row for every checkpoint, and the details of the chosen one."""
    names = list(trained)
    numbers = ("NDCG@10", _("Hit rate@10"), _("Parameters"), _("Training time"))
    heads = "".join(f"<th>{head}</th>" for head in (_("Checkpoint"), _("Protocol")))
    heads += "".join(f'<th class="n">{head}</th>' for head in numbers)
    last = _("Created (UTC)")
    rows = "".join(_row(found, here) for found in trained.values())
    st.html(f'<table class="rs-table"><thead><tr>{heads}<th>{last}</th></tr></thead><tbody>{rows}</tbody></table>')
    st.caption(_("NDCG@10 and hit rate are validation metrics; the epoch was also chosen on these validation events."))
    chosen = st.selectbox(
        _("Details of"),
        names,
        index=names.index(here.model) if here.model in names else 0,
        key="closer",
        format_func=lambda name: _title(trained[name]),
    )
    if chosen in trained:
        _draw_details(here, trained[chosen])


def _row(found: "CheckpointEntry", here: Cursor) -> str:
    card = found.card
    if card.dataset_fingerprint != here.dataset.fingerprint:
        note = _("trained on an older version of this dataset; train it again")
    else:
        note = _("ships with Recscope") if found.shipped else _("imported") if card.source else _made_by(found)
    figures = "".join(f'<td class="n">{metrics.metric_html(card.validation, card.intervals, name)}</td>' for name in METRICS)
    return (
        f'<tr class="{"now" if found.name == here.model else ""}">'
        f"<td>{html.escape_html(_title(found))}<small>{html.escape_html(note)}</small></td>"
        f'<td>{html.escape_html(card.protocol)}</td>{figures}<td class="n">{format_number(card.parameters)}</td>'
        f'<td class="n">{html.escape_html(metrics.format_train_time(card.seconds))}</td>'
        f"<td>{html.escape_html(_format_created(card.created))}</td></tr>"
    )


def _title(found: "CheckpointEntry") -> str:
    return mark_version(name_checkpoint(found.name, found.card.model), found)


def _made_by(found: "CheckpointEntry") -> str:
    if find_promoted_version(found) is not None:
        return _("made by a refit, and promoted")
    return _("made by a refit") if found.card.parent else _("trained here")


def _format_created(created: str) -> str:
    try:
        return format_short_moment(datetime.fromisoformat(created))
    except ValueError:
        return created


def _draw_details(here: Cursor, found: "CheckpointEntry") -> None:
    card, spec = found.card, find_model_spec(found.card.model)
    facts = {_("parameters"): format_number(card.parameters)}
    if card.source:
        facts = {_("imported from"): str(card.source.get("file", "")), **facts}
    else:
        facts |= {_("seed"): str(card.seed), _("trained on"): card.device}
    if spec.gradient:
        speed = format_number(card.targets_per_second)
        facts = {_("epochs"): format_number(card.epochs), _("target events per second"): speed, **facts}
    st.html(html.facts(facts))
    html.lead(html.escape_html(spec.summary))
    if card.history:
        draw_curves(card.history, f"card_{card.name}")
    if card.dataset_fingerprint == here.dataset.fingerprint:
        architecture.draw_architecture(here, found)
    if found.name != here.model:
        st.button(_("Use this model"), key="use_checkpoint", on_click=cursor.move_cursor, kwargs={"model": found.name})
    with st.expander(_("Full checkpoint card")):
        st.json(
            {
                "settings": card.config,
                **({"source": card.source} if card.source else {}),
                "validation": card.validation,
                "versions": card.versions,
                "created": card.created,
                "vocabulary": card.vocabulary,
                "data": card.dataset_fingerprint,
            }
        )
