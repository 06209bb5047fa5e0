"""The notice about a model whose scores do not follow from the events of a history, and the models to choose instead."""

import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.errors import escape_markdown
from recsys.core.translation import _
from recsys.models import IMPORTED_MODELS

OFFERED = 3


def draw_reason(here: Cursor, reason: str | None, sentence: str) -> bool:
    """Draw why a page does not offer what it does for other models, and up to three that do; return whether there is a reason.

    `reason` is in English, `sentence` has the placeholder {reason}.
    """
    if reason is None:
        return False
    st.info(escape_markdown(sentence.format(reason=_(reason))))
    others = [each for each in cache.checkpoints(here.dataset).values() if each.card.model not in IMPORTED_MODELS]
    with st.container(horizontal=True):
        for each in others[:OFFERED]:
            label = _("Use {model}", model=name_checkpoint(each.name, each.card.model))
            st.button(escape_markdown(label), key=f"instead_{each.name}", on_click=cursor.move_cursor, kwargs={"model": each.name})
    return True
