"""The `refit` command: a new version of a checkpoint that has learnt from feedback."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import CheckpointName, DatasetName, Json, say, show
from recsys.cli.refit_result import list_result_lines
from recsys.core.errors import DataError, RecsysError

if TYPE_CHECKING:
    from recsys.accounts.account import Account
    from recsys.database.engine import Store
    from recsys.jobs.queue import Job

POLL_SECONDS = 0.2


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Learn only from the feedback since this time, ISO 8601, UTC unless it names a zone: 2026-03-01."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The random seed; the same seed gives the same model.")] = 1,
    every: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Do not refit now: a running server does after every N new answers on lists of the dataset."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Start also while another refit of the checkpoint waits or is at work.")] = False,
    as_json: Json = False,
) -> None:
    """Refit a checkpoint on the feedback that was given.

    Makes a new version, such as association@2, and leaves the old ones as they are.
    """
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.feedback.version_names import join_version, split_version
    from recsys.jobs.queue import submit_job
    from recsys.jobs.schedules import find_schedule, save_schedule
    from recsys.training.checkpoints import find_checkpoint

    checkpoint = join_version(*split_version(checkpoint))  # NAME@1 is the trained one, whose folder is NAME
    find_checkpoint(checkpoint, dataset)  # a wrong name is refused at once
    arguments = {"checkpoint": checkpoint, "dataset": dataset, "since": _parse_since(since), "seed": seed}
    store = open_store()
    account = open_local_account(store)
    if every is not None:
        save_schedule(store, account, dataset, checkpoint, every)
        text = f"a running server (recscope open, streamlit run app.py) refits {checkpoint} after every {every:,} new answers to its lists"
        show({"schedule": find_schedule(store, dataset, checkpoint)}, as_json, text)
        return
    job = _follow(store, account, submit_job(store, account, "refit", arguments, force))
    if job.state != "done":
        raise RecsysError(job.error or f"the refit of {checkpoint} was stopped; nothing was saved")
    show(dict(job.result), as_json, *list_result_lines(job.result, dataset))


def _parse_since(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--since '{text}' is not an ISO 8601 time; write it like 2026-03-01 or 2026-03-01T18:30+01:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _follow(store: "Store", account: "Account", job_id: str) -> "Job":
    """Run a job, unless a server has taken it already, print its progress until it ends, and return it. Ctrl-C stops it."""
    from recsys.jobs.lifecycle import claim_job
    from recsys.jobs.processes import end_process, has_ended, start_process
    from recsys.jobs.queue import get_job, stop_job

    running = start_process(store, job_id) if claim_job(store, job_id) else None
    last = ""
    try:
        while (job := get_job(store, account, job_id)).active:
            try:
                if job.status and job.status != last:
                    last = job.status
                    say(f"{job.share:.0%} {last}")
                time.sleep(POLL_SECONDS)
                if running is not None and has_ended(store, running):
                    running = None
            except KeyboardInterrupt:
                if job.stopping:
                    raise
                stop_job(store, account, job_id)
                say("stopping; Ctrl-C again ends it at once")
    finally:
        if running is not None:
            end_process(store, running)
    return job
