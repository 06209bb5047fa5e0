"""Kinds of jobs: the work, and the action that a role must allow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recsys.accounts.account import Account
from recsys.core.translation import N_
from recsys.database.engine import Store

Report = Callable[[float, str], None]
"""Takes the share that is done, between 0 and 1, and words for what is done now."""
Work = Callable[[Store, Account, Mapping[str, Any], Report, Callable[[], bool]], Mapping[str, Any] | None]
"""Does a job with its arguments, and returns its result as JSON values; None where it was stopped before there was one."""


@dataclass(frozen=True)
class JobKind:
    """A kind of job. `action` is that of `recsys.accounts.roles`.

    Only one at a time has the same values of the arguments named in `subject`; `busy` is the sentence, with these in it, for another one.
    """

    action: str
    work: Work
    subject: tuple[str, ...] = ()
    busy: str = ""


def _refit(
    store: Store, account: Account, arguments: Mapping[str, Any], report: Report, should_stop: Callable[[], bool]
) -> Mapping[str, Any] | None:
    from recsys.datasets import open_dataset
    from recsys.feedback.refit import REFIT_STAGES, StoppedError, refit_as_json, refit_checkpoint

    def tell(progress: dict[str, Any]) -> None:
        share = progress["done"] / max(progress["of"], 1)
        first, last = REFIT_STAGES[progress["stage"]]
        report(first + (last - first) * share, progress["stage"])

    dataset = open_dataset(arguments["dataset"])
    chosen = {"since": arguments.get("since"), "seed": arguments.get("seed", 0)}
    try:
        return refit_as_json(
            refit_checkpoint(store, account, arguments["checkpoint"], dataset, **chosen, report=tell, should_stop=should_stop)
        )
    except StoppedError:
        return None


KINDS = {
    "refit": JobKind(
        "refit",
        _refit,
        ("dataset", "checkpoint"),
        N_("a refit of '{checkpoint}' on {dataset} is waiting or at work already; look at its version before you start another one"),
    )
}
