"""Everything that pages load: the only st.cache_* of the app, keyed by names and fingerprints.

Streamlit computes one missing entry at a time under a lock of that entry, so a crowd on a cold page loads a model once.
Everything here is shared by all sessions and never changed; uploads alone belong to one session, in its session state.
Heavy imports happen inside, so that the first page shows at once.
"""

from pages.cache.datasets import (
    category_order,
    category_tints,
    dataset,
    dataset_cards,
    dataset_stats,
    dataset_titles,
    has_user,
    interest_profile,
    items_by_popularity,
    labels,
    most_active_users,
    search_users,
    stories,
    uploads,
    user_after,
    user_index,
    user_name,
)
from pages.cache.drift import (
    changes_of_all,
    cohort,
    count_gap,
    detect_drift_of_all_users,
    drift_events,
    drift_report,
    feature_space,
    forecast,
    next_user_with_drift,
    population,
    state_drift,
    text_drift,
)
from pages.cache.maps import areas, item_places, map_ground, map_view, whole_map
from pages.cache.metrics import evaluation, expected_ratings, measurement, worst_ranked_users
from pages.cache.models import attention, checkpoints, knowledge_graph, loaded, model_space, model_summary, private_checkpoints, replay
from pages.cache.session_folder import session_folder
from pages.cache.texts import item_text_vectors, plane, query_vector

__all__ = [
    "areas",
    "attention",
    "category_order",
    "category_tints",
    "changes_of_all",
    "checkpoints",
    "cohort",
    "count_gap",
    "dataset",
    "dataset_cards",
    "dataset_stats",
    "dataset_titles",
    "detect_drift_of_all_users",
    "drift_events",
    "drift_report",
    "evaluation",
    "expected_ratings",
    "feature_space",
    "forecast",
    "has_user",
    "interest_profile",
    "item_places",
    "item_text_vectors",
    "items_by_popularity",
    "knowledge_graph",
    "labels",
    "loaded",
    "map_ground",
    "map_view",
    "measurement",
    "model_space",
    "model_summary",
    "most_active_users",
    "next_user_with_drift",
    "plane",
    "population",
    "private_checkpoints",
    "query_vector",
    "replay",
    "search_users",
    "session_folder",
    "state_drift",
    "stories",
    "text_drift",
    "uploads",
    "user_after",
    "user_index",
    "user_name",
    "whole_map",
    "worst_ranked_users",
]
