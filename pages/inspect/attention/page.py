"""The Attention page: the past events that receive the model's attention at the cursor's step."""

import streamlit as st

from pages import cache
from pages.inspect.attention import view
from pages.shell import cursor, keyboard
from recsys.core import shows_attention
from recsys.core.translation import _

here = cursor.current_cursor()
st.title(_("Attention"))
if shows_attention(cache.loaded(here.dataset, here.model, here.device).model):
    view.draw(here, cache.attention(here.dataset, here.model, here.user, here.step, here.device))
else:
    view.draw_alternatives(here.dataset, here.model)
keyboard.walk()
