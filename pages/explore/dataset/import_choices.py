"""Widgets for the choices of an import: the layout, the roles of columns, the kinds of rows and the meaning of behaviours.

`suffix` ends the keys of the widgets, so that another file, or a new plan of the same file, has new widgets.
"""

from collections.abc import Iterable
from typing import Any, get_args

import pandas as pd
import streamlit as st

from pages.ui.errors import escape_markdown
from recsys.core import Check
from recsys.core.errors import QuestionError
from recsys.core.formatting import join_words
from recsys.core.moments import Ties
from recsys.core.translation import N_, _
from recsys.datasets.importing.behaviours import MEANINGS
from recsys.datasets.importing.id_columns import ONE_USER, list_used_columns
from recsys.datasets.importing.import_plan import ImportPlan
from recsys.datasets.importing.layouts import Layout
from recsys.datasets.importing.options import Pairs
from recsys.datasets.importing.row_choices import list_choices
from recsys.datasets.source import KEYS

COLUMN_LABELS = {
    "user_id": N_("User"),
    "item_id": N_("Item"),
    "timestamp": N_("Time"),
    "position": N_("Position"),
    "behaviour": N_("Behaviour"),
    "rating": N_("Rating"),
    "weight": N_("Weight"),
    "latitude": N_("Latitude"),
    "longitude": N_("Longitude"),
    "title": N_("Item title"),
    "category": N_("Item category"),
    "text": N_("Text"),
    "image": N_("Item picture"),
    "url": N_("Item link"),
}
COLUMN_HELP = {
    "user_id": N_("the id of the user; required"),
    "item_id": N_("the id of the item; required"),
    "timestamp": N_("seconds, milliseconds or text, with or without a time zone"),
    "position": N_("the order of a user’s events, where there are no times"),
    "behaviour": N_("view, buy, like …"),
    "rating": N_("a number on a scale"),
    "weight": N_("a count of plays, a quantity, hours"),
    "latitude": N_("degrees, −90 to 90"),
    "longitude": N_("degrees, −180 to 180"),
    "title": N_("the name of the item"),
    "category": N_("a few words that many items share"),
    "text": N_("a description of the item, or a search query"),
    "image": N_("an https address, or the path of a file beside the data when it is prepared on the command line"),
    "url": N_("an http or https address with more about the item"),
}
LAYOUTS: dict[Layout, str] = {
    "rows": N_("one event a row"),
    "lines": N_("a user followed by items"),
    "lists": N_("several items in a cell"),
    "matrix": N_("a row per user, a column per item"),
    "impressions": N_("lists of shown items with clicks"),
}
DUPLICATE_RULES = {"keep": N_("keep and count them"), "drop": N_("drop all but the first")}
MISSING_RULES = {
    "keep": N_("leave them empty"),
    "drop": N_("drop the row"),
    "mean": N_("fill in the mean"),
    "median": N_("fill in the median"),
    "interpolate": N_("interpolate between the user’s events"),
}
TIE_RULES: dict[Ties, str] = {
    "file": N_("in the order of the file"),
    "shuffle": N_("in random order"),
    "together": N_("as one step"),
}
ROW_CHOICES = {
    "keep": N_("keep"),
    "drop": N_("drop the rows"),
    "empty": N_("keep the event, remove the value"),
    "delete": N_("remove earlier events of the pair"),
}
AS_NAMED = N_("as the word says")
MEANING_LABELS = {"positive": N_("an event"), "impression": N_("only shown, not an event"), "delete": N_("takes earlier events back")}
ASK_ICON = ":material/help:"


def draw_layout(plan: ImportPlan, suffix: str) -> Layout:
    """Draw the select box of the layout, set to the detected one, and return the choice."""
    options = list(LAYOUTS)
    return st.selectbox(
        _("The rows of the file are"),
        options,
        index=options.index(plan.layout),
        format_func=lambda layout: _(LAYOUTS[layout]),
        key=f"layout_{suffix}",
    )


def draw_mapping(plan: ImportPlan, suffix: str) -> Pairs:
    """Draw a select box for the column of each role, set to the guess, with its reason; mark those that are not certain."""
    if plan.question is not None:
        st.warning(escape_markdown(_describe_question(plan, plan.question)), icon=ASK_ICON)
    open_roles = {"user_id"} if plan.question is not None and plan.question.option == "--items" else set()
    chosen = {}
    for start in range(0, len(KEYS), 4):
        for place, key in zip(st.columns(4), KEYS[start : start + 4], strict=False):
            suggested = "" if key in open_roles else plan.mapping.get(key, "")
            others = plan.guess.alternatives.get(key, ())
            options = list(dict.fromkeys(["", suggested, *others, *plan.columns, *([ONE_USER] if key == "user_id" else [])]))
            value = place.selectbox(
                _(COLUMN_LABELS[key]),
                options,
                index=options.index(suggested),
                format_func=_name_column,
                key=f"map_{key}_{suffix}_{plan.layout}",
                help=_(COLUMN_HELP[key]),
            )
            chosen[key] = value
            if value and value == suggested:
                reason = escape_markdown(plan.guess.reasons.get(key, ""))
                is_unsure = key in plan.guess.unsure
                place.caption(f"{ASK_ICON} {_('not certain: {reason}', reason=reason)}" if is_unsure else reason)
    used = list_used_columns(chosen.values())
    unused = [f"{name} ({plan.guess.unused[name]})" if name in plan.guess.unused else name for name in plan.columns if name not in used]
    if unused:
        st.caption(escape_markdown(_("Not used: {columns}.", columns=join_words(unused[:30]))))
    return tuple(chosen.items())


def _describe_question(plan: ImportPlan, question: QuestionError) -> str:
    """Return a question about the columns in the words of the select boxes, which answer it."""
    if question.option == "--items":
        return _(
            "{file} seems to describe items, as every “{column}” occurs once and there are no users and no times. If so, upload the file of "
            "events first, and this one as the file that describes the items. If its rows are events of one user, choose that as the user.",
            file=plan.file,
            column=plan.mapping.get("item_id", ""),
        )
    if question.option != "--map" or not question.choices:
        return str(question)
    missing = [_(COLUMN_LABELS[role]) for role in ("user_id", "item_id") if role not in plan.mapping]
    if missing:
        return _("{file} has no column that is clearly meant for {roles}. Choose the columns.", file=plan.file, roles=join_words(missing))
    roles = join_words([_(COLUMN_LABELS[role]) for role in KEYS if role in plan.guess.unsure])
    return _("{file} does not say clearly which columns are meant for {roles}. Confirm or change them.", file=plan.file, roles=roles)


def _name_column(name: str) -> str:
    if name == ONE_USER:
        return _("all rows are of one user")
    return name or _("not in this file")


def draw_rules(suffix: str) -> tuple[Any, Any, Any]:
    """Draw the rules for duplicates, missing values and events at one moment."""
    first, second, third = st.columns(3)
    duplicates = first.selectbox(
        _("Duplicate rows"), list(DUPLICATE_RULES), format_func=lambda rule: _(DUPLICATE_RULES[rule]), key=f"duplicates_{suffix}"
    )
    missing = second.selectbox(
        _("Missing ratings and coordinates"), list(MISSING_RULES), format_func=lambda rule: _(MISSING_RULES[rule]), key=f"missing_{suffix}"
    )
    ties = third.selectbox(
        _("Events of one user at one moment"), list(get_args(Ties)), format_func=lambda rule: _(TIE_RULES[rule]), key=f"ties_{suffix}"
    )
    return duplicates, missing, ties


def draw_behaviours(sample: pd.DataFrame, column: str, suffix: str) -> Pairs:
    """Draw the meaning of each behaviour of the sample; return those that were changed."""
    names = sample[column].dropna().str.strip().value_counts().index[:12] if column in sample.columns else ()
    chosen = {}
    if len(names):
        with st.expander(_("What the behaviours mean")):
            for place, name in zip(st.columns(4) * 3, names, strict=False):
                meaning = place.selectbox(
                    escape_markdown(name),
                    ["", *MEANINGS],
                    format_func=lambda each: _(MEANING_LABELS.get(each, AS_NAMED)),
                    key=f"behaviour_{name}_{suffix}",
                )
                if meaning:
                    chosen[name] = meaning
    return tuple(chosen.items())


def draw_row_choices(checks: Iterable[Check], suffix: str) -> Pairs:
    """Draw a select box with the treatment of each kind of rows in these lines of the report; return the choices that are not the default."""
    kinds = {check.choice: check for check in checks if check.rows and len(list_choices(check.choice)) > 1}
    chosen = {}
    if kinds:
        st.caption(_("These rows may not mean what they seem to. Choose what to do with them, then check the file again."))
    for place, (kind, check) in zip(st.columns(2) * len(kinds), kinds.items(), strict=False):
        options = list_choices(kind)
        label = _(check.check, **{name: str(value) for name, value in (check.values or {}).items()})
        value = place.selectbox(
            escape_markdown(label[:1].upper() + label[1:]),
            options,
            format_func=lambda choice: _(ROW_CHOICES[choice]),
            key=f"rows_{kind}_{suffix}",
        )
        if value != options[0]:
            chosen[kind] = value
    return tuple(chosen.items())
