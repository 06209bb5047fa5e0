"""The section about the reasons for one recommendation: contributions with their errors, the smallest change, and the fidelity."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, cast, get_args

import numpy as np

from recsys.core import TOP_K, find_unexplained_reason
from recsys.core.formatting import format_fixed, format_number, join_words
from recsys.core.translation import _
from recsys.explain import METHODS
from recsys.explain.explained_item import ExplainedItem, align_values
from recsys.explain.explanation import Removal, Target
from recsys.explain.progressive import SHAPLEY, ProgressiveExplanation, explain_progressively
from recsys.explain.wording import describe_additivity, describe_fidelity, format_beaten_orders, has_contributions
from recsys.figures.explanation import contribution_bars, curve_colours, deletion_curves
from recsys.figures.palette import LIGHT
from recsys.reports.sections import Figure, Section, Table, make_figure
from recsys.reports.step import Step

PATIENCE = 0.4
"""Seconds for each part of an explanation of a slow model; the models of the demo need less."""
BESIDE = ("leave-one-out", "closed-form", "integrated-gradients", "attention")
"""Methods drawn beside the Shapley values, as on the Explain page."""
Explain = Callable[[ExplainedItem], ProgressiveExplanation]


def explain_once(find_answer: Callable[[ExplainedItem], ProgressiveExplanation | None]) -> Explain:
    """Return a function that explains an item: by the answer that `find_answer` knows, else by one of its own, made once.

    The number of evaluations depends on the speed of the machine at that moment, so a second explanation of the same item would have
    other numbers than the first, and than the page on which it was read.
    """
    made: dict[tuple[str, ...], ProgressiveExplanation] = {}

    def explain(explained: ExplainedItem) -> ProgressiveExplanation:
        about = (explained.user, str(explained.step), explained.item, explained.target, explained.removal)
        key = (explained.dataset.name, explained.loaded.fingerprint, *about)
        if key not in made:
            known = find_answer(explained)
            made[key] = known or [*explain_progressively(explained.game, TOP_K, patience=PATIENCE)][-1]
        return made[key]

    return explain


def make_explanation_section(here: Step, settings: Mapping[str, Any], explain: Explain) -> Section:
    """Return the explanation of the item that the kept page explained, else of the first item of the list."""
    reason = find_unexplained_reason(here.loaded.model)
    if reason is not None:
        return _without(_("This model cannot be explained: {reason}.", reason=_(reason)))
    item = _choose_item(here, settings)
    if item is None:
        return _without(_("The model recommends nothing at this step, so there is nothing to explain."))
    target, removal = _choose(Target, settings.get("explain_target")), _choose(Removal, settings.get("explain_removal"))
    explained = ExplainedItem(here.dataset, here.loaded, here.user, here.step, item, cast(Target, target), cast(Removal, removal))
    answer = explain(explained)
    figures = [_draw_bars(explained, answer)] if has_contributions(answer.explanation) else []
    keys: dict[str, str] = {}
    if answer.fidelity is not None:
        titles = {name: _(METHODS[name].title) for name in (SHAPLEY, *BESIDE) if name in answer.fidelity.curves}
        curves = deletion_curves(answer.fidelity, titles, explained.target, LIGHT)
        keys = {**curve_colours(titles, LIGHT), _("random order"): LIGHT.other}
        alt = _("Deletion curves: the score as more and more events are removed.")
        figures.append(make_figure("deletion-curves", curves, alt))
    return Section(
        "explain",
        _("Explanation"),
        lead=explained.lead_html(answer),
        figures=tuple(figures),
        keys=tuple(keys.items()),
        table=_fidelity_table(answer),
        notes=(describe_additivity(answer.explanation), *_fidelity_notes(answer)),
    )


def _without(sentence: str) -> Section:
    return Section("explain", _("Explanation"), lead=escape(sentence))


def _choose_item(here: Step, settings: Mapping[str, Any]) -> str | None:
    """The item that the page explained where the model still knows it, else the first of the list."""
    kept = settings.get(f"explain_{here.user}_{here.step}")
    if isinstance(kept, str) and here.loaded.model.vocabulary.encode([kept])[0]:
        return kept
    first = str(here.replay.top_items[here.at][0]) if here.replay.top_items.shape[1] else ""
    return first or None


def _choose(options: Any, value: Any) -> str:
    names: tuple[str, ...] = get_args(options)
    return value if value in names else names[0]


def _draw_bars(explained: ExplainedItem, answer: ProgressiveExplanation) -> Figure:
    main = answer.explanation
    beside = {_(METHODS[name].title): align_values(main, answer.others[name]) for name in BESIDE if name in answer.others}
    names = [explained.row_name(player) for player in main.players]
    notes = [explained.player_note(player) for player in main.players]
    largest = join_words(f"{names[at]} {format_fixed(float(main.values[at]), 2, sign=True)}" for at in main.strongest(5))
    alt = _("Contributions to the score of {item}: {contributions}.", item=explained.title, contributions=largest)
    return make_figure("contributions", contribution_bars(main, names, notes, beside, LIGHT), alt)


def _fidelity_table(answer: ProgressiveExplanation) -> Table | None:
    """The fidelity of each method, and its agreement with the Shapley values."""
    fidelity = answer.fidelity
    if fidelity is None:
        return None
    main, count = list(fidelity.curves).index(SHAPLEY), len(fidelity.random)
    rows = []
    for at, name in enumerate(fidelity.curves):
        beaten = _("{beaten} of {count}", beaten=format_beaten_orders(fidelity.share_beaten(name), count), count=format_number(count))
        agreement = float(fidelity.agreement[at, main])
        rows.append((_(METHODS[name].title), beaten, "–" if at == main or not np.isfinite(agreement) else format_fixed(agreement, 2)))
    return Table((_("Method"), _("Beats random"), _("Agreement")), rows)


def _fidelity_notes(answer: ProgressiveExplanation) -> tuple[str, ...]:
    if answer.fidelity is None:
        return ()
    columns = _(
        "Beats random: how many random orders change the score less than this method’s order does, when events are removed and added. "
        "Agreement: the rank correlation of its values with the Shapley values, from −1 to 1."
    )
    return describe_fidelity(answer.fidelity, {name: _(method.title) for name, method in METHODS.items()}), columns
