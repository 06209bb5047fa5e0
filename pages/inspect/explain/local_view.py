"""The explanation of one recommendation, redrawn with every sharper answer."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.shared_answers import share_answers
from pages.inspect.explain import counterfactual
from pages.inspect.explain.fidelity import fidelity_html, legend_html
from pages.inspect.explain.options import choose_option
from pages.inspect.explain.top_list import limit_note, list_at_cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from recsys.core.formatting import format_fixed, join_words
from recsys.core.translation import N_, _
from recsys.explain import METHODS
from recsys.explain.explained_item import ExplainedItem, align_values
from recsys.explain.explanation import Removal, Target
from recsys.explain.progressive import SHAPLEY, ProgressiveExplanation
from recsys.explain.wording import describe_additivity, has_contributions
from recsys.figures.explanation import contribution_bars, deletion_curves
from recsys.training.checkpoints import LoadedCheckpoint

TARGETS: dict[Target, str] = {"logit": N_("Score"), "probability": N_("Probability"), "margin": N_("Margin over rank 10")}
TARGET_HELP = N_(
    "The number that is explained: the model’s score of the item, its probability among all items (softmax of the scores), or its "
    "score minus that of the item at rank 10."
)
REMOVALS: dict[Removal, str] = {"delete": N_("Removed"), "neutral": N_("Replaced by a neutral item")}
REMOVAL_HELP = N_(
    "The treatment of an event that is left out: removed from the history, or replaced by the item that moves the model’s scores least."
)
SHOWN = ("leave-one-out", "closed-form", "integrated-gradients", "attention")  # beside the Shapley values; the table has all methods


def draw(here: Cursor, loaded: LoadedCheckpoint, lead: DeltaGenerator) -> None:
    """Draw the choice of an item and its explanation; `lead` takes the main reason."""
    choices = list_at_cursor(here, loaded)
    if not choices.items:
        st.info(_("The model recommends nothing at this step, so there is nothing to explain. Choose another step or model."))
        return
    with st.container(horizontal=True, vertical_alignment="top"):
        item = st.selectbox(
            _("Item"),
            list(choices.ranks),
            format_func=lambda each: choices.option_title(here, each),
            key=f"explain_{here.user}_{here.step}",
        )
        target = choose_option(TARGETS, _("Explained value"), "explain_target", help=_(TARGET_HELP))
        removal = choose_option(REMOVALS, _("Left-out events"), "explain_removal", help=_(REMOVAL_HELP))
    if note := limit_note(here):
        st.caption(note)
    if fallback := choices.fallback_html():
        st.html(fallback)
    _draw_answers(ExplainedItem(here.dataset, loaded, here.user, here.step, item, target, removal), lead)
    counterfactual.draw_addition(here, loaded, choices)


def _draw_answers(explained: ExplainedItem, lead: DeltaGenerator) -> None:
    bars, status = st.empty(), st.empty()
    status.caption(_("Scoring the model …"))
    left, right = st.columns(2, gap="medium")
    with left:
        removal, curve, legend = st.empty(), st.empty(), st.empty()
    with right:
        fidelity = st.empty()
    for number, answer in enumerate(share_answers(explained)):
        lead.html(html.lead_html(explained.lead_html(answer)))
        with bars:
            if has_contributions(answer.explanation):
                _draw_bars(explained, answer, number)
        status.caption(
            _("Preliminary: {activity} …", activity=answer.activity) if answer.activity else describe_additivity(answer.explanation)
        )
        if answer.counterfactual is not None:
            removal.html(counterfactual.removal_html(explained, answer.counterfactual))
        if answer.fidelity is not None:
            fidelity.html(fidelity_html(explained, answer))
            titles = {name: _(METHODS[name].title) for name in (SHAPLEY, *SHOWN) if name in answer.fidelity.curves}
            figure = deletion_curves(answer.fidelity, titles, explained.target, theme.theme_palette())
            with curve:
                charts.chart(figure, key=f"curves_{number}", alt=_("Deletion curves: the score as more and more events are removed."))
            legend.html(legend_html(titles, theme.theme_palette()))


def _draw_bars(explained: ExplainedItem, answer: ProgressiveExplanation, number: int) -> None:
    main = answer.explanation
    beside = {
        _(METHODS[name].title): align_values(main, answer.others[name]) for name in SHOWN if name in answer.others and name != main.method
    }
    names = [explained.row_name(player) for player in main.players]
    notes = [explained.player_note(player) for player in main.players]
    figure = contribution_bars(main, names, notes, beside, theme.theme_palette())
    largest = join_words(f"{names[at]} {format_fixed(float(main.values[at]), 2, sign=True)}" for at in main.strongest(5))
    alt = _("Contributions to the score of {item}: {contributions}.", item=explained.title, contributions=largest)
    charts.chart(figure, key=f"bars_{number}", alt=alt)
