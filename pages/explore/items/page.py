"""All items as a map, what is near one of them in the model and in words, and a search in free words."""

import numpy as np
import streamlit as st

from pages.explore.items import embedding_map
from pages.shell import cursor
from pages.ui import charts, html, theme
from recsys.figures.embedding_map import item_map

here = cursor.current_cursor()
dataset = here.dataset

st.title("What is like what")
found = embedding_map.spaces(here)
lead = st.empty()
if not found:
    lead.info("There is nothing to draw a map from yet: this model has no vectors of items, and nothing written about them has been read.")
    embedding_map.offer_models(here)
else:
    wide, narrow = st.columns([13, 7], gap="large")
    with narrow:
        item = embedding_map.chosen(dataset)
        if embedding_map.TEXT in found:
            embedding_map.search(dataset, found[embedding_map.TEXT])
        st.html(embedding_map.legend_html(dataset))
        st.caption("Blue is the item looked at, rings are its neighbours. They are near in all directions, and may look far in these two.")
    with wide:
        if embedding_map.MODEL not in found:
            embedding_map.offer_models(here)
        shown = next(iter(found))
        if len(found) > 1:
            shown = st.segmented_control(
                "Map of", list(found), default=shown, required=True, key="map_of", label_visibility="collapsed",
                format_func=lambda name: "As the model sees them" if name == embedding_map.MODEL else "As they are described",
            )  # fmt: skip
        space = found.get(shown, next(iter(found.values())))
        titles = [dataset.title_of(str(each)) for each in dataset.item_ids]
        near = space.near(item)[0]
        title = (
            "Items that follow like histories stand together" if shown == embedding_map.MODEL else "Items described alike stand together"
        )
        figure = item_map(space.plane, titles, embedding_map.tints(dataset), item, np.asarray(near), title, theme.theme_palette())
        words = f"Map of {len(titles):,} items in two directions; near {titles[item]} are {', '.join(titles[at] for at in near[:3])}."
        charts.chart(
            figure, key="item_map", alt=words, on_select=lambda: embedding_map.to_clicked(dataset, "item_map"),
            selection_mode="points",
        )  # fmt: skip
    st.html(embedding_map.neighbours_html(dataset, found, item))
    with lead:
        html.lead(embedding_map.shared_words(dataset, found, item))
