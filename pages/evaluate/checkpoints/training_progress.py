"""The training run of this session: progress, curves, and the buttons that stop or close it."""

import math
from typing import TYPE_CHECKING

import streamlit as st

from pages.evaluate.checkpoints.curves import draw_curves
from pages.shell import cursor
from pages.shell.account import signed_in
from pages.shell.cursor import Cursor
from pages.ui.errors import escape_markdown, guarded
from pages.ui.metrics import format_train_time
from pages.ui.training_job import STATE, TrainingJob
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import _
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.training.loop import Progress

REFRESH = 1.0  # seconds


def draw_running_job(here: Cursor) -> None:
    """Draw the run of this session, if any, and keep it up to date while it runs."""
    job: TrainingJob | None = st.session_state.get(STATE)
    if job is None:
        return
    with st.container(border=True):
        st.fragment(_draw_job, run_every=REFRESH if job.running else None)(job, here)


@signed_in
@guarded
def _draw_job(job: TrainingJob, here: Cursor) -> None:
    progress, running = job.progress, job.running
    if not running and st.session_state.get("training_seen") != id(job):
        st.session_state["training_seen"] = id(job)
        st.rerun()  # the whole page: the list of models has a new one
    if job.error is not None:
        st.error(escape_markdown(job.error))
    elif running:
        share, text = _describe_progress(job, progress)
        st.progress(share, text=escape_markdown(text))
    else:
        st.success(escape_markdown(_("{model} is trained and saved as {name}.", model=MODELS[job.model].title, name=job.name)))
    if progress is not None and progress.history:
        draw_curves(list(progress.history), "live")
    with st.container(horizontal=True):
        if running:
            st.button(_("Stop and keep the best epoch so far"), key="stop_training", disabled=job.stopping, on_click=job.stop)
            return
        if job.error is None and job.dataset == here.dataset.name:
            if here.model == job.name:
                st.page_link("explore/timeline/page.py", label=_("Open it on the Timeline page"))
            else:
                st.button(_("Use this model"), key="use_trained", type="primary", on_click=cursor.move_cursor, kwargs={"model": job.name})
        st.button(_("Close"), key="close_training", on_click=_close)


def _close() -> None:
    st.session_state.pop(STATE, None)


def _describe_progress(job: TrainingJob, progress: "Progress | None") -> tuple[float, str]:
    """Return the share that is done, and the state of the run in words."""
    share, state = 0.0, _("starting …")
    if progress is not None:
        done = len(progress.history) + (progress.batch / progress.batches if progress.batches > 1 else 0)
        share = min(done / max(progress.epochs, 1), 1.0)
        parts = [_("epoch {epoch} of {epochs}", epoch=format_number(progress.epoch), epochs=format_number(progress.epochs))]
        if not math.isnan(progress.loss):
            parts.append(_("loss {loss}", loss=format_fixed(progress.loss, 3)))
        parts.append(_("{speed} events per second on {device}", speed=format_number(progress.targets_per_second), device=progress.device))
        if not math.isnan(progress.seconds_left):
            parts.append(_("at most {duration} left", duration=format_train_time(progress.seconds_left)))
        state = " · ".join(parts)
    if job.stopping:
        state = _("stopping; the best epoch so far is evaluated and saved …")
    return share, _("{model}, saved as {name}: {state}", model=MODELS[job.model].title, name=job.name, state=state)
