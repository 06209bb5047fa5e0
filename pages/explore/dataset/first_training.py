"""The first models of an upload: count-based ones at once, the recommended ones on request, each with a line of progress."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.account import check_action, signed_in
from pages.ui import html
from pages.ui.errors import guarded, notice
from pages.ui.metrics import format_train_time
from pages.ui.training_job import STATE, TrainingJob, session_check
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.core.formatting import format_fixed, format_number, join_words
from recsys.core.translation import N_, _
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.training.loop import Progress

TIMELINE = "explore/timeline/page.py"
RECOMMENDED = ("sasrec", "sasrec-time", "lstm-lm")
MINUTES = 10.0  # for each recommended model
LONGEST, ALL_COUNTED = 20.0, 60.0  # seconds, for one count-based model and for all of them
REFRESH = 0.5  # seconds
STATES = {"waiting": N_("waiting"), "running": N_("training …"), "stopped": N_("not trained: stopped")}


@dataclass
class ModelRun:
    """The training of one model: `state` is waiting, running, done, skipped (it would take `estimate` seconds), failed or stopped."""

    model: str
    state: str = "waiting"
    estimate: float = math.nan
    progress: "Progress | None" = None
    failure: RecsysError | None = None


class FirstTraining(TrainingJob):
    """The training of several models of one upload, one after the other; pages show it as any training run."""

    def __init__(self, dataset: Dataset, models: list[str], folder: Path, opens_timeline: bool):
        super().__init__(self._train_all, models[0], dataset.name, models[0], session_check())
        self.data, self.folder, self.opens_timeline = dataset, folder, opens_timeline
        self.runs = [ModelRun(model) for model in models]

    def _train_all(self, stop: Callable[[], bool]) -> "Iterator[Progress]":
        from recsys.training.estimates import make_count_estimator

        estimate, left = make_count_estimator(self.data), ALL_COUNTED
        for run in self.runs:
            if stop():
                run.state = "stopped"
                continue
            self.model = self.name = run.model
            run.state = "running"
            limit = min(LONGEST, left)
            if not MODELS[run.model].gradient:
                run.estimate = estimate(run.model, limit)
                if run.estimate > limit:
                    run.state = "skipped"
                    continue
            try:
                yield from self._train(run, stop)
                run.state = "done"
            except RecsysError as error:
                run.failure, run.state = error, "stopped" if stop() else "failed"
            if run.progress is not None:
                left -= run.progress.seconds

    def _train(self, run: ModelRun, stop: Callable[[], bool]) -> "Iterator[Progress]":
        from recsys.training.loop import train_model

        minutes = MINUTES if MODELS[run.model].gradient else None
        for progress in train_model(run.model, self.data, minutes=minutes, stop=stop, folder=self.folder / run.model):
            run.progress = progress
            yield progress


def list_baselines(dataset: Dataset) -> list[str]:
    """Return the count-based models that train within seconds: no fusion, and none that needs the texts encoded first."""
    return [
        name
        for name, spec in MODELS.items()
        if not (spec.gradient or spec.parts or spec.candidates_only or "words" in spec.needs or spec.lacks(dataset.has))
    ]


def list_recommended(dataset: Dataset) -> list[str]:
    """Return the recommended models that a dataset supports."""
    return [name for name in RECOMMENDED if not MODELS[name].lacks(dataset.has)]


def start(dataset: Dataset, with_recommended: bool) -> None:
    """Train the first models of this session's own dataset in a thread."""
    check_action("upload")
    folder = cache.private_checkpoints(dataset)
    assert folder is not None, "only an upload is trained here"
    models = list_baselines(dataset) + (list_recommended(dataset) if with_recommended else [])
    running: TrainingJob | None = st.session_state.get(STATE)
    if running is not None:
        running.stop()
    job = FirstTraining(dataset, models, folder, opens_timeline=not with_recommended)
    st.session_state[STATE] = job
    job.start()


def current_job() -> FirstTraining | None:
    """Return the training of this session's latest upload, unless it is closed."""
    job = st.session_state.get(STATE)
    return job if isinstance(job, FirstTraining) else None


def draw(job: FirstTraining) -> None:
    """Draw a line for every model, and keep them up to date; open the timeline at the end where that was asked for."""
    st.fragment(_draw_lines, run_every=REFRESH if job.running else None)(job)


@signed_in
@guarded
def _draw_lines(job: FirstTraining) -> None:
    running = job.running
    done = [run for run in job.runs if run.state == "done"]
    if not running and job.opens_timeline and done:
        _notice_missing(job)
        _close()
        cursor.open_page(TIMELINE, **_start_of(job))
    if not running and st.session_state.get("training_seen") != id(job):
        st.session_state["training_seen"] = id(job)
        st.rerun()  # ends the refreshing
    rows = "".join(f"<tr><td>{html.escape_html(MODELS[run.model].label)}</td><td>{_describe(run)}</td></tr>" for run in job.runs)
    st.html(f'<table class="rs-table"><thead><tr><th>{_("Model")}</th><th>{_("Progress")}</th></tr></thead><tbody>{rows}</tbody></table>')
    if job.error is not None:
        st.error(html.escape_html(job.error))
    with st.container(horizontal=True):
        if done:
            cursor.jump_button(_("Open the timeline"), TIMELINE, "open_first_timeline", None, **_start_of(job))
        if running:
            st.button(_("Stop training"), key="stop_first_training", disabled=job.stopping, on_click=job.stop)
        else:
            st.button(_("Close"), key="close_first_training", on_click=_close)
    if running and done:
        st.caption(_("Training goes on while you look around; the Checkpoints page shows it too."))


def _start_of(job: FirstTraining) -> dict[str, str | int]:
    """Return the cursor at the most active user under the best model so far."""
    best = next(iter(cache.checkpoints(job.data)))
    return {"dataset": job.dataset, "model": best, "user": cache.most_active_users(job.data, 1)[0]}


def _describe(run: ModelRun) -> str:
    """Return the state of one model's training as HTML."""
    if run.state == "done" and run.progress is not None and run.progress.card is not None:
        ndcg = run.progress.card.validation.get("ndcg@10")
        time = format_train_time(run.progress.seconds)
        text = _("trained in {duration}", duration=time)
        if ndcg is not None and not math.isnan(ndcg):
            text = _("trained in {duration} · validation NDCG@10 {value}", duration=time, value=format_fixed(ndcg, 3))
        return html.escape_html(text)
    if run.state == "skipped":
        return html.escape_html(_("left out: it would take about {duration}", duration=format_train_time(run.estimate)))
    if run.state == "failed":
        return html.escape_html(_("not trained: {reason}", reason=run.failure))
    if run.state == "running" and run.progress is not None and not math.isnan(run.progress.seconds_left):
        return html.escape_html(
            _(
                "epoch {epoch} of {epochs} · at most {duration} left",
                epoch=format_number(run.progress.epoch),
                epochs=format_number(run.progress.epochs),
                duration=format_train_time(run.progress.seconds_left),
            )
        )
    return html.escape_html(_(STATES.get(run.state, run.state)))


def _notice_missing(job: FirstTraining) -> None:
    missing = [f"{MODELS[run.model].title} ({_describe(run)})" for run in job.runs if run.state in ("skipped", "failed", "stopped")]
    if missing:
        notice(_("Some models are missing: {models}. Train them on the Checkpoints page.", models=join_words(missing)))


def _close() -> None:
    st.session_state.pop(STATE, None)
