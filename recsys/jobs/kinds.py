"""Kinds of jobs: the work, and the action that a role must allow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recsys.accounts.account import Account
from recsys.database.engine import Store

Report = Callable[[float, str], None]
"""Takes the share that is done, between 0 and 1, and words for what is done now."""
Work = Callable[[Store, Account, Mapping[str, Any], Report, Callable[[], bool]], Mapping[str, Any] | None]
"""Does a job with its arguments, and returns its result as JSON values; None where it was stopped before there was one."""


@dataclass(frozen=True)
class JobKind:
    """A kind of job. `action` is that of `recsys.accounts.roles`."""

    action: str
    work: Work


STAGES = {"reading": (0.0, 0.05), "training": (0.05, 0.8), "evaluating": (0.8, 1.0), "done": (1.0, 1.0)}
"""Where each stage of a refit begins and ends, as shares of the whole. The status of the job is the name of the stage."""


def _refit(
    store: Store, account: Account, arguments: Mapping[str, Any], report: Report, should_stop: Callable[[], bool]
) -> Mapping[str, Any] | None:
    from recsys.datasets import open_dataset
    from recsys.feedback.refit import StoppedError, refit_checkpoint

    def tell(progress: dict[str, Any]) -> None:
        first, last = STAGES[progress["stage"]]
        report(first + (last - first) * progress["done"] / max(progress["of"], 1), progress["stage"])

    dataset = open_dataset(arguments["dataset"])
    since, seed = arguments.get("since"), arguments.get("seed", 0)
    try:
        made = refit_checkpoint(store, account, arguments["checkpoint"], dataset, since, seed, tell, should_stop)
    except StoppedError:
        return None
    return {"version": made.name}


KINDS = {"refit": JobKind("refit", _refit)}
