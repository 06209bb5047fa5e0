"""The part of the global view with the boosted surrogate: how well it describes the model, and what it says."""

import streamlit as st

from pages.ui import charts, html, theme
from recsys.core.formatting import format_fixed, format_share
from recsys.core.translation import _, ngettext
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate
from recsys.explain.global_.item_features import TITLES
from recsys.figures.boosted_surrogate import shap_beeswarm, shap_dependence, shap_interactions

TRUSTED = 0.5  # of the variance: trees that predict less describe another model


def draw(found: BoostedSurrogate) -> None:
    """Draw the values of all features, one in detail, and interactions, beneath the trees' fidelity."""
    colours = theme.theme_palette()
    head = html.list_head(_("Surrogate model: boosted trees"), _("Shapley values of named features"))
    st.html(f'{head}<p class="rs-quiet">{fidelity_sentence(found)}</p>')
    order = sorted(range(len(found.features)), key=lambda at: -found.importance[at])
    charts.chart(shap_beeswarm(found, colours), key="shap_beeswarm", alt=importance_text(found, order))
    st.caption(
        _(
            "Each dot is an item for one user: blue where the feature is high, orange where it is low. Dots to the right have a higher score."
        )
    )
    left, right = st.columns(2, gap="medium")
    with left:
        feature = st.selectbox(_("Feature"), order, format_func=lambda at: _(TITLES[found.features[at]]), key="shap_feature")
        alt = _("Contribution of the feature to the score by its value.")
        charts.chart(shap_dependence(found, feature, colours), key="shap_dependence", alt=alt)
        partner = found.strongest_partner(feature)
        if partner is not None:
            text = _(
                "Coloured by the feature that it interacts with most, orange low, blue high: {feature}.",
                feature=_(TITLES[found.features[partner]]),
            )
            st.caption(text)
    with right:
        alt = _("The strongest interactions of two features.")
        charts.chart(shap_interactions(found, colours), key="shap_interactions", alt=alt)
        st.caption(_("The mean size of what two features do together beyond what each does alone."))


def fidelity_sentence(found: BoostedSurrogate) -> str:
    """Return how well the trees predict the model's scores for users that they were not fitted to, as HTML."""
    numbers = dict(
        users=ngettext("{count} user", "{count} users", found.held_out),
        share=format_share(max(found.r2, 0.0)),
        correlation=format_fixed(found.rank_correlation, 2),
    )
    if found.r2 >= TRUSTED:
        return _(
            "For {users} not used to fit the trees, they predict <b>{share}</b> of the variance of the model’s scores (rank correlation "
            "{correlation}): what they say largely holds for the model.",
            **numbers,
        )
    return _(
        "For {users} not used to fit the trees, they predict only <b>{share}</b> of the variance of the model’s scores (rank correlation "
        "{correlation}): <b>these features do not describe this model well</b>, and what follows holds for the trees more than for the model.",
        **numbers,
    )


def importance_text(found: BoostedSurrogate, order: list[int]) -> str:
    """Return the mean absolute contributions as plain text."""
    return "; ".join(f"{_(TITLES[found.features[at]])}: {format_fixed(float(found.importance[at]), 2)}" for at in order)
