"""The button and the schedule of refits, and the refit that is at work: its state is in the store, so it outlives this window."""

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shell.account import current_account, current_store, signed_in
from pages.shell.cursor import Cursor
from pages.ui.errors import escape_markdown, guarded
from recsys.accounts.roles import is_allowed
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _, ngettext

if TYPE_CHECKING:
    from recsys.accounts.account import Account
    from recsys.database.engine import Store
    from recsys.feedback.versions import Version
    from recsys.jobs.queue import Job

REFRESH = 1.0  # seconds
SHOWN_SECONDS = 86_400.0  # for which the end of a refit is shown, unless it is closed
CLOSED = "closed_jobs"
EVERY = 50
STAGES = {
    "": N_("starting …"),
    "reading": N_("reading the feedback …"),
    "training": N_("training …"),
    "evaluating": N_("measuring before and after …"),
    "done": N_("saving …"),
}


def draw(here: Cursor, store: "Store", account: "Account", versions: "list[Version]") -> None:
    """Draw the button, the schedule and the latest refit of a checkpoint."""
    from recsys.feedback.refit import LEAST_ANSWERS, LEAST_WANTED
    from recsys.feedback.summary import count_answers

    base, unused = versions[0].checkpoint, {each.name for each in versions if not each.is_in_use}
    answers = count_answers(store, here.dataset.name, here.dataset.fingerprint, base)
    count, wanted = answers.total(), answers["take"] + answers["like"]
    has_enough = count >= LEAST_ANSWERS and wanted + answers["rating"] >= LEAST_WANTED
    said = ngettext(
        "Its lists have {count} answer so far, {wanted} of them likes or items taken; a refit needs at least {least} answers, {least_wanted} of them wanted.",
        "Its lists have {count} answers so far, {wanted} of them likes or items taken; a refit needs at least {least} answers, {least_wanted} of them wanted.",
        count,
        wanted=format_number(wanted),
        least=format_number(LEAST_ANSWERS),
        least_wanted=format_number(LEAST_WANTED),
    )
    if has_enough:
        st.caption(said)
    else:
        st.info(said)
        st.page_link("demo/recommend/page.py", label=_("Give feedback on the Recommendations page"))
    allowed = is_allowed(account, "refit")
    job = _find_job(store, account, here.dataset.name, base)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Refit now"),
            type="primary",
            key="refit",
            disabled=not (allowed and has_enough) or (job is not None and job.active),
            help=None if allowed else _("Your role does not allow refits."),
            on_click=_refit,
            args=(here.dataset.name, base),
        )
        _draw_schedule(here.dataset.name, store, base, allowed)
    if job is not None and (job.state != "done" or job.result["name"] in unused):
        with st.container(border=True):
            st.fragment(_draw_job, run_every=REFRESH if job.active else None)(job.id)


def _find_job(store: "Store", account: "Account", dataset: str, base: str) -> "Job | None":
    """Return the refit of this checkpoint that is active, or that has ended lately and was not closed."""
    from recsys.jobs.queue import list_jobs

    closed = st.session_state.get(CLOSED, ())
    for job in list_jobs(store, account):
        if job.kind == "refit" and (job.arguments.get("dataset"), job.arguments.get("checkpoint")) == (dataset, base):
            is_recent = job.ended is not None and time.time() - job.ended < SHOWN_SECONDS
            return job if job.active or (is_recent and job.id not in closed) else None
    return None


@guarded
def _refit(dataset: str, base: str) -> None:
    from recsys.jobs.queue import submit_job

    store, account = current_store(), current_account()
    job = _find_job(store, account, dataset, base)
    if job is None or not job.active:  # a second click on the same button changes nothing
        submit_job(store, account, "refit", {"dataset": dataset, "checkpoint": base})


@signed_in
@guarded
def _draw_job(job_id: str) -> None:
    from recsys.jobs.queue import count_jobs_before, get_job

    store = current_store()
    job = get_job(store, current_account(), job_id)
    if not job.active and st.session_state.get("job_seen") != job_id:
        st.session_state["job_seen"] = job_id
        st.rerun()  # the whole page: the list of versions has a new one
    if job.state == "waiting":
        before = count_jobs_before(store, job)
        text = ngettext("The refit waits for {count} job before it.", "The refit waits for {count} jobs before it.", before)
        st.progress(0.0, text=text if before else _("The refit starts in a moment, as soon as a server is free."))
    elif job.state == "running":
        state = _("stopping; nothing is saved …") if job.stopping else _(STAGES.get(job.status, STAGES[""]))
        st.progress(job.share, text=_("Refit: {state}", state=state))
    elif job.state == "done":
        st.success(escape_markdown(_("{version} is made; compare it below, and promote it to use it.", version=job.result["name"])))
    elif job.state == "stopped":
        st.info(_("The refit was stopped; nothing was saved."))
    else:
        st.error(escape_markdown(_("The refit failed: {reason}", reason=job.error)))
        if job.result.get("output"):
            with st.expander(_("The end of its output")):
                st.code(job.result["output"], language=None)
    if job.active:
        st.caption(_("It goes on when this window is closed, as long as the server runs."))
        st.button(_("Stop"), key="stop_refit", disabled=job.stopping, on_click=_stop, args=(job_id,))
    else:
        st.button(_("Close"), key="close_refit", on_click=_close, args=(job_id,))


@guarded
def _stop(job_id: str) -> None:
    from recsys.jobs.queue import stop_job

    stop_job(current_store(), current_account(), job_id)


def _close(job_id: str) -> None:
    st.session_state[CLOSED] = {*st.session_state.get(CLOSED, ()), job_id}


def _draw_schedule(dataset: str, store: "Store", base: str, allowed: bool) -> None:
    """Draw the switch of the schedule, which follows the store."""
    from recsys.jobs.schedules import MOST, find_schedule

    schedule = find_schedule(store, dataset, base)
    st.session_state["schedule_on"] = schedule is not None
    st.session_state["schedule_every"] = schedule.every if schedule else st.session_state.get("schedule_every", EVERY)
    change: dict[str, Any] = dict(disabled=not allowed, on_change=_set_schedule, args=(dataset, base))
    st.toggle(
        _("Refit by itself, after so many new answers:"),
        key="schedule_on",
        help=_("The server starts the refit while it runs, also when no window is open. Its version is used once it is promoted."),
        **change,
    )
    st.number_input(_("New answers"), 1, MOST, key="schedule_every", label_visibility="collapsed", width=130, **change)
    if schedule is not None:
        said = ngettext(
            "{count} new answer so far; set by {owner}", "{count} new answers so far; set by {owner}", schedule.new, owner=schedule.owner
        )
        st.caption(escape_markdown(said), width="content")


@guarded
def _set_schedule(dataset: str, base: str) -> None:
    from recsys.jobs.schedules import delete_schedule, find_schedule, save_schedule

    store, account = current_store(), current_account()
    schedule = find_schedule(store, dataset, base)
    if st.session_state["schedule_on"]:
        save_schedule(store, account, dataset, base, int(st.session_state["schedule_every"]))
    elif schedule is not None:
        delete_schedule(store, account, schedule.id)
