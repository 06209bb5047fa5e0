"""The `refit` command: a checkpoint trained further on collected feedback into a new version."""

import math
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import CheckpointName, DatasetName, Json, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.feedback.off_policy import OffPolicyEstimate
    from recsys.feedback.refit import Change, RefitResult

SECONDS_BETWEEN_LINES = 2.0


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only feedback from this time on, ISO 8601, UTC unless it names a zone: 2026-05-01T18:30."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The random seed; it also chooses the accounts whose feedback is held out.")
    ] = 0,
    every: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Not now: let a running server refit it after every N new answers to its lists."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a checkpoint further on feedback.

    Makes a new version, NAME@2, and changes no other. It is not used until it is promoted: `versions promote`.
    """
    start = parse_time(since)
    if every is not None:
        _schedule(checkpoint, dataset, every, as_json)
        return
    from recsys import datasets
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.feedback.refit import refit_checkpoint

    data = datasets.open_dataset(dataset)
    store = open_store()
    result = refit_checkpoint(store, open_local_account(store), checkpoint, data, since=start, seed=seed, report=_Reporter())
    show({"name": result.name, **asdict(result)}, as_json, *_lines(result, data.name))


def _schedule(checkpoint: str, dataset: str, every: int, as_json: bool) -> None:
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.jobs.schedules import find_schedule, save_schedule

    store = open_store()
    save_schedule(store, open_local_account(store), dataset, checkpoint, every)
    text = f"a running server (recscope open, streamlit run app.py) refits {checkpoint} after every {every:,} new answers to its lists"
    show({"schedule": find_schedule(store, dataset, checkpoint)}, as_json, text)


class _Reporter:
    """Progress on standard error: the beginning of each stage, and a line every few seconds within it."""

    def __init__(self) -> None:
        self._stage, self._last = "", 0.0

    def __call__(self, progress: dict[str, Any]) -> None:
        if progress["stage"] == self._stage and time.monotonic() - self._last < SECONDS_BETWEEN_LINES:
            return
        self._stage, self._last = progress["stage"], time.monotonic()
        say(f"{progress['stage']}, {progress['done']:,} of {progress['of']:,}, {progress['seconds']:.0f} s")


def parse_time(text: str | None) -> float | None:
    """Return seconds since 1970 UTC of an ISO 8601 time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--since '{text}' is not an ISO 8601 time; write it like 2026-05-01 or 2026-05-01T18:30-04:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _lines(result: "RefitResult", dataset: str) -> list[str]:
    lines = [
        f"{result.checkpoint} learnt from {result.n_feedback:,} answers of {_count_accounts(result.n_accounts)}; "
        f"held out: {result.n_held_out:,} answers of {_count_accounts(result.n_held_out_accounts)}"
    ]
    rows = [*_rows("validation", result.validation), *_rows("held-out feedback", result.held_out)]
    lines.append(table(("events", "metric", "before", "after", "difference", "from", "to (95 %)"), rows))
    if not result.n_held_out_accounts:
        lines.append("there is feedback of one account only, so none could be held out")
    elif not result.held_out:
        lines.append("no held-out list has both wanted and unwanted items, so nothing can be compared on them")
    lines += _off_policy_lines(result.off_policy)
    lines.append(f"made {result.name} in {result.seconds:.0f} s; use it with: python -m recsys versions promote {result.name} {dataset}")
    return lines


def _count_accounts(count: int) -> str:
    return f"{count:,} account{'' if count == 1 else 's'}"


def _rows(where: str, changes: "dict[str, Change]") -> list[tuple[Any, ...]]:
    return [(where, name, *(None if math.isnan(value) else round(value, 4) for value in each)) for name, each in changes.items()]


def _off_policy_lines(found: "OffPolicyEstimate | None") -> list[str]:
    from recsys.feedback.off_policy import ASSUMPTIONS, MOST_WEIGHT

    if found is None:
        return []
    interval = "" if math.isnan(found.low) else f" [{found.low:+.4f}, {found.high:+.4f}]"
    return [
        f"off-policy (position-weighted SNIPS, {found.lists:,} held-out lists): wanted when examined {found.shown:.4f} as shown, "
        f"{found.new:.4f} in the new order, {found.difference:+.4f}{interval}; {found.clipped:.1%} of the weights clipped",
        ASSUMPTIONS.format(limit=f"{MOST_WEIGHT:g}"),
    ]
