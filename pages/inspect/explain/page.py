"""Why an item is recommended at the cursor's step, and how far the answer can be trusted."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import cache
from pages.inspect.explain import counterfactual, global_view, what_if
from pages.inspect.explain.case import Case, aligned, listed, picked
from pages.inspect.explain.fidelity import hangs_html, legend_html, trust_html
from pages.shell import cursor, keyboard
from pages.ui import charts, html, theme
from pages.ui.errors import error_boundary, escape_markdown
from recsys.explain import METHODS
from recsys.explain.explanation import Removal, Target
from recsys.explain.progressive import SHAPLEY, ProgressiveExplanation
from recsys.explain.wording import adds_up, moves
from recsys.figures.explanation import contribution_bars, deletion_curves
from recsys.models import MODELS

here = cursor.current_cursor()
found, colours = cache.loaded(here.dataset, here.model, here.device), theme.theme_palette()
TARGETS: dict[Target, str] = {"logit": "Score", "probability": "Share of the list", "margin": "Lead over place 10"}
REMOVALS: dict[Removal, str] = {"delete": "Never happened", "neutral": "Was something neutral"}
VIEWS = {"one": "This recommendation", "what-if": "What if", "everybody": "The model in general"}
SHOWN = ("leave-one-out", "closed-form", "integrated-gradients", "attention")  # beside the Shapley values; the table has them all


@st.fragment
def page() -> None:
    head, lead = st.empty(), st.empty()
    view = picked(VIEWS, "View", "view", label_visibility="collapsed", bind="query-params")
    with error_boundary():
        if view == "one":
            one_recommendation(head, lead)
        elif view == "what-if":
            head.title(escape_markdown(f"What if it had been otherwise for {cache.user_name(here.dataset, here.user)}?"))
            what_if.draw(here, found, lead)
        else:
            head.title(f"What moves “{escape_markdown(MODELS[found.card.model].title)}”")
            global_view.draw(here, found, lead)


def one_recommendation(head: DeltaGenerator, lead: DeltaGenerator) -> None:
    choices = listed(here, found)
    if not choices.items:
        head.title("Why this item")
        st.info("Nothing is recommended at this step, so there is nothing to explain. Move the cursor, or take another model.")
        return
    with st.container(horizontal=True, vertical_alignment="top"):
        item = st.selectbox(
            "Explain",
            list(choices.places),
            format_func=lambda each: escape_markdown(choices.title(here, each)),
            key=f"explain_{here.user}_{here.step}",
        )
        target = picked(TARGETS, "What is explained", "explain_target")
        removal = picked(REMOVALS, "An event taken away", "explain_removal")
    case = Case(here, found, item, target, removal)
    head.title(escape_markdown(f"Why {case.title}?"))
    if choices.fallback:
        st.html(f'<span class="rs-label">Not a personal list: {html.escape_html(choices.fallback)}</span>')
    draw_answers(case, lead)
    counterfactual.draw(here, found, choices)


def draw_answers(case: Case, lead: DeltaGenerator) -> None:
    """What is known, drawn again with every sharper answer."""
    bars, status = st.empty(), st.empty()
    status.caption("Asking the model …")
    left, right = st.columns(2, gap="medium")
    with left:
        hangs, curve, legend = st.empty(), st.empty(), st.empty()
    with right:
        trust = st.empty()
    for number, answer in enumerate(case.answers()):
        lead.html(html.lead_html(case.sentence(answer)))
        with bars:
            if moves(answer.explanation):
                draw_bars(case, answer, number)
        status.caption(f"Rough for now: {answer.doing} …" if answer.doing else adds_up(answer.explanation))
        if answer.counterfactual is not None:
            hangs.html(hangs_html(case, answer.counterfactual))
        if answer.fidelity is not None:
            trust.html(trust_html(case, answer))
            titles = {name: METHODS[name].title for name in (SHAPLEY, *SHOWN) if name in answer.fidelity.curves}
            figure = deletion_curves(answer.fidelity, titles, case.target, colours)
            with curve:
                charts.chart(figure, key=f"curves_{number}", alt="The score while events are taken away.")
            legend.html(legend_html(titles, colours))


def draw_bars(case: Case, answer: ProgressiveExplanation, number: int) -> None:
    main = answer.explanation
    beside = {METHODS[name].title: aligned(main, answer.beside[name]) for name in SHOWN if name in answer.beside and name != main.method}
    names = [case.name(player) if player.steps else case.name(player).capitalize() for player in main.players]
    notes = [case.note(player) for player in main.players]
    figure = contribution_bars(main, names, notes, beside, colours)
    words = ", ".join(f"{names[at]} {main.values[at]:+.2f}" for at in main.strongest(5))
    charts.chart(figure, key=f"bars_{number}", alt=f"What pushes {case.title} up and down: {words}.")


page()
keyboard.walk()
