"""All items as a map, what is near one of them in the model and in words, and a search in free words."""

import numpy as np
import streamlit as st

from pages import atlas, cursor, look
from recsys.figures.items import item_map

here = cursor.now()
dataset = here.dataset

st.title("What is like what")
found = atlas.spaces(here)
lead = st.empty()
if not found:
    lead.info("There is nothing to draw a map from yet: this model has no vectors of items, and nothing written about them has been read.")
    atlas.offer_models(here)
else:
    wide, narrow = st.columns([13, 7], gap="large")
    with narrow:
        item = atlas.chosen(dataset)
        if atlas.TEXT in found:
            atlas.search(dataset, found[atlas.TEXT])
        st.html(atlas.legend_html(dataset))
        st.caption("Blue is the item looked at, rings are its neighbours. They are near in all directions, and may look far in these two.")
    with wide:
        if atlas.MODEL not in found:
            atlas.offer_models(here)
        shown = next(iter(found))
        if len(found) > 1:
            shown = st.segmented_control(
                "Map of", list(found), default=shown, required=True, key="map_of", label_visibility="collapsed",
                format_func=lambda name: "As the model sees them" if name == atlas.MODEL else "As they are described",
            )  # fmt: skip
        space = found.get(shown, next(iter(found.values())))
        titles = [dataset.title_of(str(each)) for each in dataset.item_ids]
        near = space.near(item)[0]
        title = "Items that follow like histories stand together" if shown == atlas.MODEL else "Items described alike stand together"
        figure = item_map(space.plane, titles, atlas.tints(dataset), item, np.asarray(near), title, look.colours())
        words = f"Map of {len(titles):,} items in two directions; near {titles[item]} are {', '.join(titles[at] for at in near[:3])}."
        look.chart(
            figure, key="item_map", alt=words, on_select=lambda: atlas.to_clicked(dataset, "item_map"),
            selection_mode="points",
        )  # fmt: skip
    st.html(atlas.neighbours_html(dataset, found, item))
    with lead:
        look.lead(atlas.shared_words(dataset, found, item))
