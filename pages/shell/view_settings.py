"""Settings that make up a view of a page, beside the cursor: read from the session, kept with a case or in a link, and restored.

A page's settings are the values of its widgets, whose keys stand in VIEW_KEYS, and what it records itself by `record`, such as the feedback
that a list follows.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.shell.cursor import Cursor

LINKED = "with"
"""Name in the URL of the settings of a link; it is taken out of the URL once they are restored."""
LONGEST_LINK = 4_000
RECORDED, RESTORED = "view_recorded", "view_restored"
Place = tuple[str, str, str, int]


def _is_choice(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(_is_choice(each) for each in value)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _is_case_list(value: Any) -> bool:
    """Return whether the value names a list of cases on the page Failures: a pair of ranks, a slice, or slices that are met at once."""
    return _is_choice(value) or (isinstance(value, list) and all(isinstance(each, str) or _is_words(each) for each in value))


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_never(_value: Any) -> bool:
    """Return False: the key is emptied, so that what it was before does not win over a restored setting."""
    return False


Check = Callable[[Any], bool]
VIEW_KEYS: dict[str, dict[str, Check]] = {
    "timeline": {},
    "recommend": {
        "try_weekday": _is_choice,
        "try_hour": _is_choice,
        "try_place": _is_choice,
        "try_only_{dataset}": _is_list,
        "try_most": _is_choice,
        "parameter_*": _is_number,
    },
    "compare": {"compare_view": _is_choice, "beside_{dataset}": _is_list},
    "explain": {
        "view": _is_choice,
        "view_in_link": _is_never,
        "explain_{user}_{step}": _is_choice,
        "explain_target": _is_choice,
        "explain_removal": _is_choice,
        "wanted_{user}_{step}": _is_choice,
        "whatif_weekday": _is_choice,
        "whatif_hour": _is_choice,
        "whatif_place": _is_choice,
        "whatif_gone_{user}_{step}": _is_list,
        "whatif_added_{user}_{step}": _is_list,
        "shap_feature": _is_choice,
    },
    "attention": {"attention_view": _is_choice, "attention_map": _is_switch},
    "drift": {
        "drift_view_{dataset}_{user}": _is_choice,
        "drift_way": _is_choice,
        "drift_everybody": _is_switch,
        "drift_forecast": _is_switch,
        "forecast_{user}_{step}": _is_date,
    },
    "failures": {
        "failures_part": _is_choice,
        "failures_metric": _is_choice,
        "failures_split": _is_choice,
        "failures_other": _is_choice,
        "slice_attribute": _is_choice,
        "failures_cases_*": _is_case_list,
    },
}
"""For each page whose view a link holds, and for some a kept case too, the keys of the widgets that choose its view, with a check of a value that comes from a link.

A key that ends with * stands for all that begin like it. An option that a widget no longer has is left to the widget, which then shows its
default; a value of another kind would be an error, as would None where a widget always has a value. Those that may have none begin so.
"""


def record(**values: Any) -> None:
    """Record settings of the page that are not widgets, as JSON; replaced at the next run."""
    st.session_state.setdefault(RECORDED, {}).update(values)


def forget_recorded() -> None:
    """Forget what the page of the run before has recorded; call before a page runs."""
    st.session_state.pop(RECORDED, None)


def restored(here: Cursor, name: str) -> Any:
    """Return a recorded setting of the case or link that was opened at this place; None where there is none."""
    place, values = st.session_state.get(RESTORED, (None, {}))
    return values.get(name) if place == place_of(here) else None


def forget_restored() -> None:
    """Forget the recorded settings of the case or link that was opened; the widgets keep theirs."""
    st.session_state.pop(RESTORED, None)


def place_of(here: Cursor) -> Place:
    """Return the place of a cursor as it is compared: dataset, model, user and step."""
    return here.dataset.name, here.model, here.user, here.step


def read_settings(page: str, here: Cursor) -> dict[str, Any]:
    """Return the settings of the view on the screen as JSON values."""
    settings = dict(st.session_state.get(RECORDED, {}))
    for key in _session_keys(page, *place_of(here)):
        if key in st.session_state and VIEW_KEYS[page].get(key) is not _is_never:
            value = st.session_state[key]
            settings[key] = value.isoformat() if isinstance(value, dt.date) else list(value) if isinstance(value, tuple) else value
    return settings


def place_settings(page: str, place: Place, settings: Mapping[str, Any]) -> None:
    """Put settings where the page's widgets and the page itself find them; call before they are drawn.

    Whatever else the session holds for the page is removed: a setting that was not kept had its default.
    """
    for key in _session_keys(page, *place):
        st.session_state.pop(key, None)
    recorded = {}
    checks = {pattern.format(**_names(*place)): check for pattern, check in VIEW_KEYS[page].items()}
    for key, value in settings.items():
        check = checks.get(key) or next((each for name, each in checks.items() if _matches(name, key)), None)
        if check is None:
            recorded[key] = value
        elif check(value):
            st.session_state[key] = dt.date.fromisoformat(value) if check is _is_date else value
    st.session_state[RESTORED] = (place, recorded)


def make_link(page: str, here: Cursor | None) -> tuple[str, bool]:
    """Return the address of the view, relative to the app's, and whether it holds the settings of the page and not the cursor alone."""
    if here is None:
        return page, True
    where: dict[str, str] = {"dataset": here.dataset.name, "model": here.model, "user": here.user, "step": str(here.step)}
    settings = read_settings(page, here) if page in VIEW_KEYS else {}
    defined = {key: value for key, value in settings.items() if value is not None and value is not False}
    if not defined:
        return f"{page}?{urlencode(where)}", page in VIEW_KEYS
    whole = f"{page}?{urlencode({**where, LINKED: json.dumps(defined, ensure_ascii=False, separators=(',', ':'))})}"
    return (whole, True) if len(whole) <= LONGEST_LINK else (f"{page}?{urlencode(where)}", False)


def read_link(text: str) -> dict[str, Any]:
    """Return the settings of a link; none where they are damaged."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _names(dataset: str, _model: str, user: str, step: int) -> dict[str, Any]:
    return {"dataset": dataset, "user": user, "step": step}


def _matches(pattern: str, key: str) -> bool:
    return pattern.endswith("*") and key.startswith(pattern[:-1])


def _session_keys(page: str, *place: Any) -> list[str]:
    """Return the keys of a page's settings at a place, those of a group as far as the session has them."""
    keys = []
    for pattern in VIEW_KEYS.get(page, {}):
        name = pattern.format(**_names(*place))
        keys += [str(key) for key in st.session_state if _matches(name, str(key))] if name.endswith("*") else [name]
    return keys
