"""Items: a map of all items by their embeddings, the neighbours of one item, and a search in free text."""

import streamlit as st

from pages.explore.items import embedding_map, item_search, item_spaces, neighbours
from pages.shell import cursor
from pages.ui import html
from recsys.core.translation import _

here = cursor.current_cursor()
dataset = here.dataset

st.title(_("Items"))
lead = st.empty()
spaces = item_spaces.find_spaces(here)
if not spaces:
    lead.info(_("There is no map yet: this model has no item embeddings, and the item texts have not been encoded."))
    item_spaces.offer_models(here)
else:
    wide, narrow = st.columns([13, 7], gap="large")
    with narrow:
        item = item_search.draw_item_picker(dataset)
        if item_spaces.TEXT in spaces:
            item_search.draw_text_search(dataset, spaces[item_spaces.TEXT])
        if legend := embedding_map.legend_html(dataset):
            st.html(legend)
        st.caption(
            _(
                "Blue: the selected item. Rings: its nearest neighbours in all dimensions, which can look far apart in the two dimensions shown."
            )
        )
    with wide:
        if item_spaces.MODEL not in spaces:
            item_spaces.offer_models(here)
        embedding_map.draw(dataset, spaces, item)
    st.html(neighbours.neighbours_html(dataset, spaces, item))
    with lead:
        html.lead(neighbours.summary_html(dataset, spaces, item))
