"""The widgets of the cursor, drawn on every page outside of it: a bound widget drawn inside a page loses its value on navigation.

User and step are bound to the URL by Streamlit. Dataset and model are written to it by hand: a binding would put their titles
there, and a link should carry names.
"""

import sys
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell import case_walk, keyboard, step_buttons
from pages.shell.cursor import AT_STEP, AT_USER, GO_STEP, GO_USER, LAST, Cursor, current_cursor, move_cursor, place_pending
from pages.ui.checkpoint_titles import mark_version
from pages.ui.errors import notice
from recsys.core import Dataset
from recsys.core.devices import DEVICES, choose_device
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.nouns import count_events
from recsys.core.translation import _, ngettext
from recsys.models import MODELS, find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

SHORTLIST = 40  # users offered without a search; a million options would be sent to the browser


def draw(page: str) -> None:
    """Draw the cursor's widgets. A name in the URL that does not exist falls back on one that does, with a notice.

    `page` is the path of the page in the URL.
    """
    place_pending()
    titles = cache.dataset_titles()
    if not titles:
        raise DataError(_("No dataset is prepared. Run: python -m recsys prepare demo-city"))
    name = _choice("dataset", _("Dataset"), _("Dataset “{name}” was not found; showing {fallback} instead."), titles)
    dataset = cache.dataset(name)
    trained = cache.checkpoints(dataset)
    if st.session_state.get("models_of", name) != name and trained and st.session_state.get("model") not in trained:
        st.session_state["model"] = next(iter(trained))  # the one from the dataset before may not be trained here
    st.session_state["models_of"] = name if trained else ""  # an untrained dataset turns to its first trained model later
    model = _choice(
        "model",
        _("Model"),
        _("Model “{name}” was not found; showing {fallback} instead."),
        _model_titles(dataset, trained),
    )
    user = _user(dataset)
    step_buttons.draw_user_buttons(dataset, user, model in trained)
    step = _step(dataset, user)
    device = st.session_state.get("device", "auto")
    st.session_state["cursor"] = here = Cursor(dataset, model, user, step, device, model in trained)
    case_walk.follow(here, page)
    step_buttons.draw_step_buttons(model in trained)
    keyboard.drive()


def draw_device() -> None:
    """Draw the choice of the device that models run on and, once torch is loaded, the device in use."""
    chosen = st.selectbox(
        _("Runs on"), DEVICES, key="device", persist_state="session", help=_("“auto” uses a CUDA graphics card where there is one.")
    )
    if "torch" in sys.modules:  # not imported for this: the first page must show at once
        st.caption(_("In use: {device}", device=choose_device(chosen)))


def _choice(key: str, label: str, missing: str, titles: dict[str, str]) -> str:
    """Draw a select box whose value is a name kept in the URL; `missing` is the notice about a name that does not exist."""
    raw = st.query_params.get(key)
    if key not in st.session_state and raw is not None:
        if raw in titles:
            st.session_state[key] = raw
        else:
            notice(missing.format(name=raw, fallback=next(iter(titles.values()))))
    if st.session_state.get(key) not in titles:
        st.session_state[key] = next(iter(titles))
    now_called = titles[st.session_state[key]]
    if st.session_state.get(f"{key}_called", now_called) != now_called:
        # The browser shows the old name ("not trained") until it is told anew.
        st.session_state[key] = st.session_state[key]
    st.session_state[f"{key}_called"] = now_called
    value = st.selectbox(
        label,
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        on_change=move_cursor if key == "dataset" else None,
    )
    if st.query_params.get(key) != value:
        st.query_params[key] = value
    return value


def _model_titles(dataset: Dataset, trained: dict[str, "CheckpointEntry"]) -> dict[str, str]:
    """Return trained checkpoints first, then models that this data could train; none that only re-rank candidates."""
    titles = {}
    for name, found in trained.items():
        spec = find_model_spec(found.card.model)
        if not spec.candidates_only:
            titles[name] = mark_version(spec.label if name == found.card.model else f"{name} ({spec.label})", found)
    for name, spec in MODELS.items():
        if name not in titles and not spec.candidates_only and not spec.lacks(dataset.has):
            titles[name] = _("{model} (not trained)", model=spec.label)
    return titles


def _user(dataset: Dataset) -> str:
    """Draw the choice of a user by id: the most active are offered, any id can be typed, and part of an id is a search."""
    offered = cache.most_active_users(dataset, SHORTLIST)
    moved = st.session_state.pop(GO_USER, None)
    raw = moved or st.session_state.get("user") or st.query_params.get("user")
    elsewhere = st.session_state.get("people_of", dataset.name) != dataset.name
    if not raw or (elsewhere and moved is None):
        user, st.session_state["found"] = offered[0], []
    else:
        user = raw if cache.has_user(dataset, raw) else _nearest(dataset, raw, st.session_state.get("last_user", offered[0]))
    _correct("user", user)
    st.session_state.update(people_of=dataset.name, last_user=user, user=user)
    shown = st.selectbox(
        _("User"),
        list(dict.fromkeys([*offered, *st.session_state.get("found", []), user])),
        index=None,  # with no default, the user always stands in the URL
        key="user",
        bind="query-params",
        accept_new_options=True,
        on_change=_pick,
        help=ngettext(
            "{count} user. Type an id, or part of one to search.",
            "{count} users. Type an id, or part of one to search.",
            len(dataset.user_ids),
        ),
    )
    if shown is not None and not cache.has_user(dataset, shown):
        st.session_state[GO_USER] = user  # the first time, a fresh URL overrides what is set here
        st.rerun()
    st.session_state[AT_USER] = shown or user  # differs from `user` after the browser's back and forward buttons
    return str(shown or user)


def _pick() -> None:
    """Take the picked user, unless the browser has not seen the latest user yet and still reports the one before."""
    message, picked = keyboard.browser_message(), st.session_state["user"]
    if message is None or not (keyboard.is_behind(message) or case_walk.has_nearby(picked)):
        move_cursor()
        if picked and cache.has_user(current_cursor().dataset, picked):
            st.session_state[AT_USER] = picked


def _correct(name: str, shown: str) -> None:
    """Replace a value in a fresh link that does not exist by the one shown; once bound, the widget keeps the URL itself."""
    if name not in st.session_state and st.query_params.get(name, shown) != shown:
        st.query_params[name] = shown


def _nearest(dataset: Dataset, typed: str, before: str) -> str:
    """Return the user meant by an unknown id: the only match, else the one shown before, with the matches offered."""
    matches = cache.search_users(dataset, typed, SHORTLIST)
    st.session_state["found"] = matches
    st.session_state.pop(GO_STEP, None)
    if len(matches) == 1:
        return matches[0]
    before = before if cache.has_user(dataset, before) else cache.most_active_users(dataset, 1)[0]
    if matches:
        notice(_("No user has the id “{id}”, but several ids contain it: they are in the list of users now.", id=typed))
    else:
        notice(_("User “{id}” was not found in {dataset}; showing {fallback} instead.", dataset=dataset.title, id=typed, fallback=before))
    return before


def _step(dataset: Dataset, user: str) -> int:
    """Draw the step slider, from before the first event to after the last, and keep the step in the URL."""
    rows = dataset.rows(user)
    length = rows.stop - rows.start
    wanted = st.session_state.pop(GO_STEP, None)
    if wanted is None and AT_STEP not in st.session_state:
        wanted = _linked_step(length)
    wanted = None if wanted is None else length - 1 if wanted == LAST else min(max(int(wanted), 0), length)
    step = st.session_state[AT_STEP] if wanted is None else wanted
    _correct("step", str(step))
    st.session_state[AT_STEP] = st.session_state["step"] = step
    # This hidden field is bound to the URL in place of the slider: a bound slider leaves its default step out of the URL, and
    # reads its step from the URL again whenever its length changes.
    shown = st.number_input(_("Step in the link"), 0, value=None, key="step", bind="query-params")
    if (wanted is not None and shown != wanted) or shown is None:  # the first time, a fresh URL overrides what is set here
        st.session_state[GO_STEP] = LAST if wanted is None else wanted
        st.rerun()
    step = min(int(shown), length)  # differs from `wanted` after the browser's back and forward buttons
    st.session_state[AT_STEP] = step
    if st.session_state.get("slider") != step:
        st.session_state["slider"] = step
    st.slider(_("Step"), 0, length, key="slider", on_change=_slide, help=_("The number of past events given to the model"))
    return step


def _slide() -> None:
    """Take the slider's step, unless the browser has not seen the latest step yet and reports an older one along with another change."""
    if st.session_state["step"] == st.session_state[AT_STEP]:
        move_cursor(step=st.session_state["slider"])


def _linked_step(length: int) -> int:
    raw = st.query_params.get("step")
    if raw is None or _is_step(raw, length):
        return LAST if raw is None else int(raw)
    notice(
        _(
            "Step “{step}” does not exist: this user has {events}, so steps go from 0 to {last}.",
            step=raw,
            events=count_events(length, "event"),
            last=format_number(length),
        )
    )
    return LAST


def _is_step(raw: str, length: int) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) < 10 and int(raw) <= length
