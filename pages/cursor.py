"""The cursor: dataset, model, person and step, one state shared by all pages and kept in the URL.

Its widgets are drawn by the frame on every page, since a bound widget drawn inside a page loses its value on navigation.
Person and step are bound to the URL by Streamlit. Dataset and model are written by hand: a binding would put their titles
there, and a link should carry names.
"""

import random
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages import loaders
from pages.boundary import guarded, notice, plain
from recsys.core import Dataset, History
from recsys.devices import DEVICES
from recsys.devices import device as torch_device
from recsys.errors import DataError
from recsys.models import MODELS

PACE = 1.0  # seconds a step while playing
GO_USER, GO_STEP = "go_user", "go_step"  # where a callback sends the cursor, read before its widgets are drawn
MISS = "To the next step whose real event is not among the ten; after the last one it starts again"
FAILS = "To the person whose validation events this model ranks worst, at the worst of them; again: to the next worst"
CHANGED = "The next person whose interest changed for good, at the change: see Inspect, Drift"
LAST = -1  # before the last event, where the model's foresight shows
SHORTLIST = 40  # people offered without a search; a million options would be sent to the browser


@dataclass(frozen=True, eq=False)
class Cursor:
    """Where a person looks: `model` is the name of a checkpoint, or of a model that has none yet (`trained` is False)."""

    dataset: Dataset
    model: str
    user: str
    step: int
    device: str
    trained: bool

    @property
    def history(self) -> History:
        return self.dataset.history(self.user)


def now() -> Cursor:
    """The cursor as the frame has drawn it in this run."""
    return st.session_state["cursor"]


def place(dataset: str | None = None, model: str | None = None, user: str | None = None, step: int | None = None) -> None:
    """Move the cursor, in a callback; a new person without a step, or nothing named, starts before the last event."""
    for name, value in (("dataset", dataset), ("model", model)):
        if value is not None:
            st.session_state[name] = value
    if user is not None:
        st.session_state[GO_USER] = user
    if step is not None or user is not None or dataset is not None or model is None:
        st.session_state[GO_STEP] = LAST if step is None else step


def jump(label: str, page: str, key: str, **where: str | int) -> None:
    """A button that moves the cursor and opens a page, a path relative to the frame; what `where` leaves open stays."""
    if st.button(label, key=key, on_click=_place_all, args=(where,)):
        st.switch_page(page, query_params={})  # {} and not None, which refuses to clear bound parameters


def _place_all(where: dict[str, Any]) -> None:
    """Switching the page from a script forgets what widgets hold, but not what was placed: so all of the cursor is placed."""
    kept: tuple[str, ...] = ("dataset", "model", "user", "step")
    if where.get("dataset", st.session_state.get("dataset")) != st.session_state.get("dataset"):
        kept = ()
    elif "user" in where:
        kept = ("dataset", "model")
    place(**{name: st.session_state[name] for name in kept if name in st.session_state} | where)


def draw() -> None:
    """The sidebar's widgets. Nonsense in the URL falls back on what exists, with a notice."""
    titles = loaders.dataset_titles()
    if not titles:
        raise DataError("no dataset is ready; run: python -m recsys prepare demo-city")
    name = _choice("dataset", "Dataset", titles)
    dataset = loaders.dataset(name)
    trained = loaders.checkpoints(dataset)
    if st.session_state.get("models_of", name) != name and trained and st.session_state.get("model") not in trained:
        st.session_state["model"] = next(iter(trained))  # not one that was trained on the data before alone
    st.session_state["models_of"] = name
    model = _choice("model", "Model", _model_titles(dataset, {key: found.card.model for key, found in trained.items()}))
    user = _person(dataset)
    with st.container(horizontal=True, gap="small"):
        st.button("Next person", key="next_person", on_click=_next_person, args=(dataset, user), width="stretch")
        st.button("Someone else", key="random", on_click=_someone, args=(dataset,), width="stretch")
    untrained = model not in trained
    st.button("Somebody it fails", "fails", FAILS, on_click=_somebody_it_fails, args=(user,), disabled=untrained, width="stretch")
    st.button("Somebody who changed", "changed", CHANGED, on_click=_somebody_who_changed, args=(dataset, user), width="stretch")
    step = _step(dataset, user)
    device = st.session_state.get("device", "auto")
    st.session_state["cursor"] = Cursor(dataset, model, user, step, device, model in trained)
    _walk(model in trained)


def draw_device() -> None:
    """Where models run, and, once something that can run elsewhere is loaded, where it does."""
    chosen = st.selectbox("Runs on", DEVICES, key="device", persist_state="session", help="auto takes the graphics card where there is one")
    if "torch" in sys.modules:  # not imported for this: the first page must show at once
        st.caption(f"In use: {torch_device(chosen)}")


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
        label, list(titles), format_func=lambda name: plain(titles[name]), key=key, on_change=place if key == "dataset" else None
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
    offered = loaders.busiest(dataset, SHORTLIST)
    moved = st.session_state.pop(GO_USER, None)
    raw = moved or st.session_state.get("user") or st.query_params.get("user")
    elsewhere = st.session_state.get("people_of", dataset.name) != dataset.name
    if not raw or (elsewhere and moved is None):
        user, st.session_state["found"] = offered[0], []
    else:
        user = raw if loaders.has_user(dataset, raw) else _nearest(dataset, raw, st.session_state.get("last_user", offered[0]))
    st.session_state.update(people_of=dataset.name, last_user=user, user=user)
    shown = st.selectbox(
        "Person",
        list(dict.fromkeys([*offered, *st.session_state.get("found", []), user])),
        index=None,  # with no default, the person always stands in the URL
        key="user",
        bind="query-params",
        accept_new_options=True,
        on_change=place,
        help=f"{len(dataset.user_ids):,} people. Type an id, or part of one to search.",
    )
    if shown is None:
        return user
    if not loaders.has_user(dataset, shown):
        st.session_state[GO_USER] = user  # what a fresh URL says goes before what is set here, the first time
        st.rerun()
    return shown  # another than `user` after the browser's back and forward buttons


def _nearest(dataset: Dataset, typed: str, before: str) -> str:
    """What a person meant who typed an unknown id: the only match, else the person shown before and the matches to pick from."""
    matches = loaders.search_users(dataset, typed, SHORTLIST)
    st.session_state["found"] = matches
    st.session_state.pop(GO_STEP, None)
    if len(matches) == 1:
        return matches[0]
    before = before if loaders.has_user(dataset, before) else loaders.busiest(dataset, 1)[0]
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
    if wanted is None and st.session_state.get("step") is None:
        wanted = _linked_step(length)
    wanted = None if wanted is None else length - 1 if wanted == LAST else min(max(int(wanted), 0), length)
    step = st.session_state["step"] if wanted is None else wanted
    if step != st.session_state.get("step"):
        st.session_state["step"] = step
    # Not the slider is bound to the URL but this, out of sight: a bound slider leaves one of its steps out of the URL, its default,
    # and takes its step from the URL again whenever it gets another length.
    shown = st.number_input("Step in the link", 0, value=None, key="step", bind="query-params")
    if (wanted is not None and shown != wanted) or shown is None:  # a fresh URL goes before what is set here, the first time
        st.session_state[GO_STEP] = LAST if wanted is None else wanted
        st.rerun()
    step = min(int(shown), length)  # another than `wanted` after the browser's back and forward buttons
    if st.session_state.get("slider") != step:
        st.session_state["slider"] = step
    st.slider("Step", 0, length, key="slider", on_change=_slide, help="After this many events")
    return step


def _slide() -> None:
    st.session_state["step"] = st.session_state["slider"]


def _linked_step(length: int) -> int:
    raw = st.query_params.get("step")
    if raw is None or _is_step(raw, length):
        return LAST if raw is None else int(raw)
    notice(f"Step “{raw}” does not exist: this person has {length} events, so steps go from 0 to {length}.")
    return LAST


def _is_step(raw: str, length: int) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) < 10 and int(raw) <= length


def _walk(trained: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button("Back", key="back", shortcut="Left", on_click=_move, args=(-1,), width="stretch")
        st.button("Next", key="next", shortcut="Right", on_click=_move, args=(1,), width="stretch")
    with st.container(horizontal=True, gap="small"):
        playing = st.session_state.get("playing", False)
        st.button("Pause" if playing else "Play", key="play", shortcut="Space", on_click=_toggle, width="stretch")
        st.button("Next miss", key="next_miss", shortcut="M", on_click=_next_miss, disabled=not trained, width="stretch", help=MISS)


def plays_in_browser() -> None:
    """The page of this run plays by itself."""
    st.session_state["plays_in_browser"] = True


def play() -> None:
    """What is playing goes on, on a page that does not play by itself."""
    if not st.session_state.pop("plays_in_browser", False) and st.session_state.get("playing"):
        _tick()


@st.fragment(run_every=PACE)
@guarded
def _tick() -> None:
    """One step each time the browser asks; the first call of a run only starts the clock."""
    if st.session_state.pop("clock", False):
        step = st.session_state["step"]
        st.session_state["playing"] = step + 1 < _length()
        st.session_state[GO_STEP] = step + 1
        st.rerun()
    st.session_state["clock"] = True


def _length() -> int:
    cursor = now()
    rows = cursor.dataset.rows(cursor.user)
    return rows.stop - rows.start


def _move(by: int) -> None:
    st.session_state["step"] = min(max(int(st.session_state["step"]) + by, 0), _length())


def _toggle() -> None:
    st.session_state["playing"] = not st.session_state.get("playing", False)
    if st.session_state["playing"] and st.session_state["step"] >= _length():
        st.session_state["step"] = 0


@guarded
def _next_miss() -> None:
    """To the next step whose real event is not among the ten, from the start again after the last one."""
    cursor = now()
    ranks = loaders.replay(cursor.dataset, cursor.model, cursor.user, cursor.device).ranks
    misses = np.flatnonzero(ranks > 10)
    if not len(misses):
        notice("This model misses nothing for this person: every next event was among its ten.")
        return
    later = misses[misses > cursor.step]
    st.session_state["step"] = int(later[0] if len(later) else misses[0])


def _someone(dataset: Dataset) -> None:
    place(user=str(random.choice(dataset.user_ids)))


@guarded
def _somebody_it_fails(user: str) -> None:
    """To the person the model is worst at; from one of the worst to the next."""
    cursor = now()
    worst = loaders.failures(cursor.dataset, cursor.model, cursor.device)
    if not worst:
        notice("Nobody has a validation event to fail at.")
        return
    names = [name for name, _ in worst]
    again = user in names and st.session_state.get("failing") == user
    name, step = worst[(names.index(user) + 1) % len(worst) if again else 0]
    st.session_state["failing"] = name
    place(user=name, step=step)


@guarded
def _somebody_who_changed(dataset: Dataset, user: str) -> None:
    """To the next person whose interest changed for good, at the change."""
    found = loaders.next_drifting(dataset, user)
    if found is None:
        notice("Nobody with a lasting change among the next people of this data; Someone else goes on elsewhere.")
        return
    place(user=found[0], step=found[1])


def _next_person(dataset: Dataset, user: str) -> None:
    place(user=loaders.user_after(dataset, user))
