"""What pages load: the only st.cache_* of the app, keyed by names and fingerprints.

Streamlit computes one missing entry at a time under a lock of that entry, so a crowd on a cold page loads a model once.
Everything here is shared by all sessions and never changed; uploads alone belong to one session, in its session state.
Heavy imports happen inside, so that the first page shows at once.
"""

from pages.loaders.data import (
    busiest,
    category_order,
    category_tints,
    census,
    dataset,
    dataset_cards,
    dataset_titles,
    favourites,
    has_user,
    interest,
    labels,
    people,
    person_name,
    search_users,
    stories,
    uploads,
    user_after,
    workspace,
)
from pages.loaders.drifting import cohort, drift, drift_setting, forecast, look_at_everybody, next_drifting, population
from pages.loaders.measured import evaluation, expected_ratings, failures, kept
from pages.loaders.models import anatomy, attention, checkpoints, graph, loaded, model_space, private_checkpoints, replay
from pages.loaders.places import areas, item_places, map_ground, map_view, whole_map
from pages.loaders.texts import plane, texts_as_vectors, words_as_vector

__all__ = [
    "anatomy",
    "areas",
    "attention",
    "busiest",
    "category_order",
    "category_tints",
    "census",
    "checkpoints",
    "cohort",
    "dataset",
    "dataset_cards",
    "dataset_titles",
    "drift",
    "drift_setting",
    "evaluation",
    "expected_ratings",
    "failures",
    "favourites",
    "forecast",
    "graph",
    "has_user",
    "interest",
    "item_places",
    "kept",
    "labels",
    "loaded",
    "look_at_everybody",
    "map_ground",
    "map_view",
    "model_space",
    "next_drifting",
    "people",
    "person_name",
    "plane",
    "population",
    "private_checkpoints",
    "replay",
    "search_users",
    "stories",
    "texts_as_vectors",
    "uploads",
    "user_after",
    "whole_map",
    "words_as_vector",
    "workspace",
]
