"""The last step of an import: name the dataset, then use it privately, train the recommended models too, or save it for all."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.explore.dataset import first_training
from pages.explore.dataset.first_training import MINUTES, list_baselines, list_recommended
from pages.explore.dataset.import_state import KEY, ImportState
from pages.shell import cursor
from pages.shell.account import check_action, signed_in
from pages.ui.errors import escape_markdown, guarded
from pages.ui.metrics import format_train_time
from pages.ui.training_job import TrainingJob, session_check
from recsys.core import Dataset
from recsys.core.formatting import join_words
from recsys.core.translation import _, ngettext
from recsys.datasets import DATASETS, prepared_folder, save_import
from recsys.models import MODELS
from recsys.storage.paths import home

if TYPE_CHECKING:
    from recsys.datasets.importing.options import Options
    from recsys.training.loop import Progress

ESTIMATES = "wizard_estimates"  # in the session state


@dataclass(frozen=True)
class Imported:
    """A dataset that was read from an upload at `path` with these options; only then can it be saved with its recipe."""

    dataset: Dataset
    path: Path
    options: "Options"


@dataclass
class _Estimates:
    """Seconds that the recommended models will take on a dataset, measured in a thread."""

    dataset: Dataset
    job: TrainingJob
    seconds: dict[str, float] = field(default_factory=dict)


def draw(found: Imported, state: ImportState) -> None:
    """Draw the name and the three ways to go on."""
    st.subheader(_("3 · Use the dataset"))
    dataset = found.dataset
    title = st.text_input(_("Name of the dataset"), value=dataset.title, max_chars=60, key=f"name_{state.file}").strip() or dataset.title
    with st.container(horizontal=True):
        st.button(_("Use this dataset"), type="primary", key="use_data", on_click=_accept, args=(dataset, title, False))
        st.button(_("Use it and train the recommended models"), key="use_and_train", on_click=_accept, args=(dataset, title, True))
    baselines = ngettext(
        "“Use this dataset” trains {count} counting model, which takes seconds, and opens the timeline of the most active user.",
        "“Use this dataset” trains {count} counting models, which takes seconds, and opens the timeline of the most active user.",
        len(list_baselines(dataset)),
    )
    st.caption(f"{baselines} {_('The dataset and its models stay private to this browser tab.')}")
    estimates = _measure(dataset)
    st.fragment(_draw_estimates, run_every=1.0 if estimates.job.running else None)(estimates)
    _draw_saving(found, title, state)


def _draw_saving(found: Imported, title: str, state: ImportState) -> None:
    """Draw the button that saves the dataset with its recipe; a name that exists is replaced only when that is ticked."""
    name = _slug(title)
    is_known, exists = name in DATASETS, prepared_folder(name) is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        may_replace = (
            exists and not is_known and st.checkbox(_("Replace the saved dataset “{name}”", name=name), key=f"replace_{state.file}_{name}")
        )
        st.button(
            _("Save to workspace"),
            key="save_data",
            on_click=_save,
            args=(found, name, title, state),
            disabled=is_known or (exists and not may_replace),
            help=_("“{name}” is the name of a known dataset; choose another name.", name=name) if is_known else None,
        )
    if state.saved is not None:
        recipe = home() / "datasets" / state.saved / "recipe.toml"
        text = _(
            "Saved as {name}. The same import of another file: {command}",
            name=state.saved,
            command=f"python -m recsys prepare FILE --recipe {recipe}",
        )
        st.success(escape_markdown(text))
    else:
        st.caption(
            _(
                "“Save to workspace” writes the dataset and the recipe of its import to {folder}. Everyone who uses this server can open it there.",
                folder=escape_markdown(home() / "datasets" / name),
            )
        )


@guarded
def _save(found: Imported, name: str, title: str, state: ImportState) -> None:
    check_action("upload" if prepared_folder(name) is None else "replace", f"{name} saved to the workspace")
    with st.spinner(_("Saving {dataset} …", dataset=title)):
        save_import(replace(found.dataset, title=title), name, found.path, found.options)
    state.saved = name


@guarded
def _accept(dataset: Dataset, title: str, with_recommended: bool) -> None:
    """Add the data to this session's uploads, move the cursor to it and train its first models."""
    check_action("upload")
    slug, taken, number = _slug(title), {*DATASETS, *cache.dataset_titles()}, 2
    name = slug
    while name in taken:
        name, number = f"{slug}-{number}", number + 1
    accepted = replace(dataset, name=name, title=title)
    cache.uploads()[name] = accepted
    estimates: _Estimates | None = st.session_state.pop(ESTIMATES, None)
    if estimates is not None:
        estimates.job.stop()
    st.session_state.pop(KEY, None)
    cursor.move_cursor(dataset=name)
    first_training.start(accepted, with_recommended)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower())[:60].strip("-") or "my-data"


def _measure(dataset: Dataset) -> _Estimates:
    """Return the estimates of a dataset, begun in a thread the first time: trying a model takes seconds."""
    estimates: _Estimates | None = st.session_state.get(ESTIMATES)
    if estimates is None or estimates.dataset is not dataset:
        if estimates is not None:
            estimates.job.stop()
        seconds: dict[str, float] = {}

        def steps(stop: Callable[[], bool]) -> "Iterator[Progress]":
            from recsys.training.estimates import estimate_gradient

            for model in list_recommended(dataset):
                if not stop():
                    seconds[model] = estimate_gradient(model, dataset, stop=stop)
            return iter(())

        estimates = _Estimates(dataset, TrainingJob(steps, "", dataset.name, "estimates", session_check()), seconds)
        st.session_state[ESTIMATES] = estimates
        estimates.job.start()
    return estimates


@signed_in
def _draw_estimates(estimates: _Estimates) -> None:
    """Draw how long the recommended models will take, as far as it is known."""
    if not estimates.job.running and st.session_state.get("estimates_seen") != id(estimates):
        st.session_state["estimates_seen"] = id(estimates)
        st.rerun()  # ends the refreshing
    parts = []
    for model in list_recommended(estimates.dataset):
        seconds = estimates.seconds.get(model)
        if seconds is not None:
            parts.append(_("{model} {duration}", model=MODELS[model].title, duration=format_train_time(seconds)))
        elif estimates.job.running:
            parts.append(_("{model} is being measured …", model=MODELS[model].title))
        else:
            parts.append(_("{model} could not be measured", model=MODELS[model].title))
    limit = format_train_time(MINUTES * 60)
    st.caption(
        escape_markdown(
            _(
                "Estimated training times of the recommended models: {models}. Each stops after {limit} at the latest and keeps its best epoch.",
                models=join_words(parts),
                limit=limit,
            )
        )
    )
