"""The widgets of the cursor, drawn by the frame on every page: a bound widget drawn inside a page loses its value on navigation.

Person and step are bound to the URL by Streamlit. Dataset and model are written by hand: a binding would put their titles
there, and a link should carry names.
"""

import sys

import streamlit as st

from pages import cache
from pages.shell import keyboard, step_buttons
from pages.shell.cursor import AT_STEP, AT_USER, GO_STEP, GO_USER, LAST, Cursor, current_cursor, move_cursor
from pages.ui.errors import escape_markdown, notice
from recsys.core import Dataset
from recsys.core.devices import DEVICES, choose_device
from recsys.core.errors import DataError
from recsys.models import MODELS

SHORTLIST = 40  # people offered without a search; a million options would be sent to the browser


def draw() -> None:
    """The sidebar's widgets. Nonsense in the URL falls back on what exists, with a notice."""
    titles = cache.dataset_titles()
    if not titles:
        raise DataError("no dataset is ready; run: python -m recsys prepare demo-city")
    name = _choice("dataset", "Dataset", titles)
    dataset = cache.dataset(name)
    trained = cache.checkpoints(dataset)
    if st.session_state.get("models_of", name) != name and trained and st.session_state.get("model") not in trained:
        st.session_state["model"] = next(iter(trained))  # not one that was trained on the data before alone
    st.session_state["models_of"] = name if trained else ""  # the first one that is trained is turned to
    model = _choice("model", "Model", _model_titles(dataset, {key: found.card.model for key, found in trained.items()}))
    user = _person(dataset)
    step_buttons.draw_people(dataset, user, model in trained)
    step = _step(dataset, user)
    device = st.session_state.get("device", "auto")
    st.session_state["cursor"] = Cursor(dataset, model, user, step, device, model in trained)
    step_buttons.draw_steps(model in trained)
    keyboard.drive()


def draw_device() -> None:
    """Where models run, and, once something that can run elsewhere is loaded, where it does."""
    chosen = st.selectbox("Runs on", DEVICES, key="device", persist_state="session", help="auto takes the graphics card where there is one")
    if "torch" in sys.modules:  # not imported for this: the first page must show at once
        st.caption(f"In use: {choose_device(chosen)}")


def _choice(key: str, label: str, titles: dict[str, str]) -> str:
    raw = st.query_params.get(key)
    if key not in st.session_state and raw is not None:
        if raw in titles:
            st.session_state[key] = raw
        else:
            notice(f"There is no {label.lower()} “{raw}” here, so this is {next(iter(titles.values()))}.")
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
        format_func=lambda name: escape_markdown(titles[name]),
        key=key,
        on_change=move_cursor if key == "dataset" else None,
    )
    if st.query_params.get(key) != value:
        st.query_params[key] = value
    return value


def _model_titles(dataset: Dataset, trained: dict[str, str]) -> dict[str, str]:
    """Trained checkpoints first, then what could be trained on this data; no models that only order a short list."""
    whole = {name: kind for name, kind in trained.items() if not MODELS[kind].candidates_only}
    titles = {name: MODELS[kind].title if name == kind else f"{name} ({MODELS[kind].title})" for name, kind in whole.items()}
    for name, spec in MODELS.items():
        if name not in titles and not spec.candidates_only and not spec.lacks(dataset.has):
            titles[name] = f"{spec.title} – not trained"
    return titles


def _person(dataset: Dataset) -> str:
    """A person by id: the busiest are offered, anyone can be typed, and part of an id is a search."""
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
        "Person",
        list(dict.fromkeys([*offered, *st.session_state.get("found", []), user])),
        index=None,  # with no default, the person always stands in the URL
        key="user",
        bind="query-params",
        accept_new_options=True,
        on_change=_pick,
        help=f"{len(dataset.user_ids):,} people. Type an id, or part of one to search.",
    )
    if shown is not None and not cache.has_user(dataset, shown):
        st.session_state[GO_USER] = user  # what a fresh URL says goes before what is set here, the first time
        st.rerun()
    st.session_state[AT_USER] = shown or user  # another than `user` after the browser's back and forward buttons
    return str(shown or user)


def _pick() -> None:
    """Somebody was picked; or, where the browser has not seen the last person yet, the one before stands there still."""
    words = keyboard.said()
    if words is None or not keyboard.is_behind(words):
        move_cursor()
        picked = st.session_state["user"]
        if picked and cache.has_user(current_cursor().dataset, picked):
            st.session_state[AT_USER] = picked


def _correct(name: str, shown: str) -> None:
    """What a fresh link says of something that does not exist gives way to what is shown; once bound, the widget keeps it in the address."""
    if name not in st.session_state and st.query_params.get(name, shown) != shown:
        st.query_params[name] = shown


def _nearest(dataset: Dataset, typed: str, before: str) -> str:
    """What a person meant who typed an unknown id: the only match, else the person shown before and the matches to pick from."""
    matches = cache.search_users(dataset, typed, SHORTLIST)
    st.session_state["found"] = matches
    st.session_state.pop(GO_STEP, None)
    if len(matches) == 1:
        return matches[0]
    before = before if cache.has_user(dataset, before) else cache.most_active_users(dataset, 1)[0]
    if matches:
        notice(f"Nobody is called “{typed}”, but several ids contain it: they are in the list of people now.")
    else:
        notice(f"There is nobody called “{typed}” in {dataset.title}, so this is {before}.")
    return before


def _step(dataset: Dataset, user: str) -> int:
    """The step slider, from before the first event to after the last, and the step of the URL."""
    rows = dataset.rows(user)
    length = rows.stop - rows.start
    wanted = st.session_state.pop(GO_STEP, None)
    if wanted is None and AT_STEP not in st.session_state:
        wanted = _linked_step(length)
    wanted = None if wanted is None else length - 1 if wanted == LAST else min(max(int(wanted), 0), length)
    step = st.session_state[AT_STEP] if wanted is None else wanted
    _correct("step", str(step))
    st.session_state[AT_STEP] = st.session_state["step"] = step
    # Not the slider is bound to the URL but this, out of sight: a bound slider leaves one of its steps out of the URL, its default,
    # and takes its step from the URL again whenever it gets another length.
    shown = st.number_input("Step in the link", 0, value=None, key="step", bind="query-params")
    if (wanted is not None and shown != wanted) or shown is None:  # a fresh URL goes before what is set here, the first time
        st.session_state[GO_STEP] = LAST if wanted is None else wanted
        st.rerun()
    step = min(int(shown), length)  # another than `wanted` after the browser's back and forward buttons
    st.session_state[AT_STEP] = step
    if st.session_state.get("slider") != step:
        st.session_state["slider"] = step
    st.slider("Step", 0, length, key="slider", on_change=_slide, help="After this many events")
    return step


def _slide() -> None:
    """The slider was moved; or, where the browser has not seen the last step yet, says an older one with a word about something else."""
    if st.session_state["step"] == st.session_state[AT_STEP]:
        move_cursor(step=st.session_state["slider"])


def _linked_step(length: int) -> int:
    raw = st.query_params.get("step")
    if raw is None or _is_step(raw, length):
        return LAST if raw is None else int(raw)
    notice(f"Step “{raw}” does not exist: this person has {length} events, so steps go from 0 to {length}.")
    return LAST


def _is_step(raw: str, length: int) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) < 10 and int(raw) <= length
