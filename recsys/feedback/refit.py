"""A refit: a checkpoint trained further on collected feedback into a new version, measured before and after.

A refit always starts from the trained checkpoint and learns from all feedback on any of its versions, so that nothing counts twice and
what was withdrawn or erased is in no later version. Part of the accounts is held out, and the change is measured on their feedback and
on the validation events.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.core import Dataset, Request, append_likes
from recsys.core.errors import DataError, RecsysError
from recsys.core.formatting import format_number
from recsys.core.split import Split, split_interactions
from recsys.core.translation import _, ngettext
from recsys.database.engine import Store
from recsys.evaluation import Evaluation, compare_paired, evaluate_model
from recsys.feedback.feedback_metrics import measure_feedback
from recsys.feedback.off_policy import OffPolicyEstimate, estimate_off_policy
from recsys.feedback.training_data import Answer, FeedbackData, add_events, load_training_feedback, split_accounts
from recsys.feedback.version_names import join_version, split_version
from recsys.feedback.versions import add_version
from recsys.models import IMPORTED_MODELS, find_model_spec
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import CheckpointCard, check_dataset_match, find_checkpoint, load_checkpoint

LEAST_ANSWERS, LEAST_WANTED = 20, 5
"""Answers to learn from, and wanted items among them, below which a refit would follow chance."""
VALIDATION_METRICS = ("ndcg@10", "hr@10", "mrr")


REFIT_STAGES = {"reading": (0.0, 0.05), "training": (0.05, 0.7), "evaluating": (0.7, 0.99), "done": (0.99, 1.0)}
"""Stages of a refit, and the shares of its time between which each is."""


class StoppedError(RecsysError):
    """The work was stopped by a person; nothing was saved."""


class MetricChange(NamedTuple):
    """A metric before and after a refit, and the 95 % interval of the paired difference; NaN where there is none."""

    before: float
    after: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class RefitResult:
    """The version that a refit made, and what changed.

    `validation` are metrics of the validation events, `held_out` of the feedback of held-out accounts; empty where no account could be
    held out, and `off_policy` is then None. `n_feedback` and `n_accounts` count what was learnt from, the others what was held out.
    """

    checkpoint: str
    version: int
    validation: dict[str, MetricChange]
    held_out: dict[str, MetricChange]
    off_policy: OffPolicyEstimate | None
    n_feedback: int
    n_accounts: int
    n_held_out: int
    n_held_out_accounts: int
    seconds: float

    @property
    def name(self) -> str:
        """Name of the new version, such as "association@2"."""
        return join_version(self.checkpoint, self.version)


def refit_as_json(result: RefitResult) -> dict[str, Any]:
    """Return a result as JSON values, with the name of the new version."""
    changes = {"validation": _plain(result.validation), "held_out": _plain(result.held_out)}
    return dict(to_plain({"name": result.name, **asdict(result), **changes}))


Report = Callable[[dict[str, Any]], None]


def refit_checkpoint(
    store: Store,
    account: Account,
    checkpoint: str,
    dataset: Dataset,
    since: float | None = None,
    seed: int = 0,
    report: Report = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RefitResult:
    """Refit a checkpoint on the feedback since a time (seconds UTC), by default on all, and save it as a new version.

    `report` gets dicts with `stage` (one of REFIT_STAGES), `done`, `of` and `seconds`. When `should_stop` returns True, a
    StoppedError ends the work. A model that cannot be refitted, or too little feedback, is a DataError.
    """
    check_allowed(account, "refit")
    started = time.monotonic()
    asked, (checkpoint, number) = checkpoint, split_version(checkpoint)
    if number != 1:
        raise DataError(_("a refit starts from the trained checkpoint, not from '{version}'; give {name}", version=asked, name=checkpoint))
    loaded = load_checkpoint(find_checkpoint(checkpoint, dataset.name))
    check_dataset_match(loaded.card, dataset)
    method = choose_method(loaded.card)

    def tell(stage: str, done: int, of: int) -> None:
        if should_stop():
            raise StoppedError(_("the refit of '{checkpoint}' was stopped; nothing was changed", checkpoint=checkpoint))
        report({"stage": stage, "done": done, "of": of, "seconds": time.monotonic() - started})

    tell("reading", 0, 1)
    feedback = load_training_feedback(store, dataset, checkpoint, since)
    learnt, held = (feedback.of(part) for part in split_accounts(feedback.accounts, seed))
    _check_enough(checkpoint, learnt)
    split = split_interactions(dataset, loaded.card.protocol)
    model = method(loaded.model, dataset, split, _append_likes(learnt.answers), seed, lambda done, of: tell("training", done, of))
    tell("evaluating", 0, 4)
    before = evaluate_model(loaded.model, dataset, split, "validation", brief=True)
    tell("evaluating", 1, 4)
    after = evaluate_model(model, dataset, split, "validation", brief=True)
    tell("evaluating", 2, 4)
    validation = {name: _compare(before, after, name) for name in VALIDATION_METRICS}
    held_out = {name: MetricChange(*each) for name, each in measure_feedback(loaded.model, model, held, dataset.repeats, seed).items()}
    tell("evaluating", 3, 4)
    off_policy = estimate_off_policy(model, held, dataset.repeats, seed)
    tell("evaluating", 4, 4)
    counts = {
        "n_feedback": len(learnt.answers),
        "n_accounts": len(learnt.accounts),
        "n_held_out": len(held.answers),
        "n_held_out_accounts": len(held.accounts),
    }
    made = add_version(
        store,
        account,
        dataset.name,
        loaded.card,
        model,
        {"validation": _plain(validation), "held_out": _plain(held_out), "off_policy": asdict(off_policy) if off_policy else None},
        validation=after.metrics,
        intervals=after.intervals,
        seed=seed,
        seconds=time.monotonic() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        history=[],
        trained_on={**counts, "since": since, "until": time.time(), "dataset_fingerprint": dataset.fingerprint},
    )
    tell("done", 1, 1)
    return RefitResult(checkpoint, made.version, validation, held_out, off_policy, **counts, seconds=time.monotonic() - started)


def _plain(changes: Mapping[str, MetricChange]) -> dict[str, dict[str, float]]:
    return {name: each._asdict() for name, each in changes.items()}


def _compare(before: Evaluation, after: Evaluation, metric: str) -> MetricChange:
    paired = compare_paired(after, before, metric)
    return MetricChange(before.metrics[metric], after.metrics[metric], paired.difference, paired.low, paired.high)


def _check_enough(checkpoint: str, learnt: FeedbackData) -> None:
    wanted = sum(each.weight > 0 for each in learnt.answers)
    if len(learnt.answers) < LEAST_ANSWERS or wanted < LEAST_WANTED:
        raise DataError(
            ngettext(
                "'{checkpoint}' has {count} answer to learn from, {wanted} of them likes or items taken; a refit needs {least} and {least_wanted}, given on the data as it is now",
                "'{checkpoint}' has {count} answers to learn from, {wanted} of them likes or items taken; a refit needs {least} and {least_wanted}, given on the data as it is now",
                len(learnt.answers),
                checkpoint=checkpoint,
                wanted=format_number(wanted),
                least=LEAST_ANSWERS,
                least_wanted=LEAST_WANTED,
            )
        )


def _append_likes(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """Return the answers with earlier likes as the latest events of their requests, as the models saw them; one request for each list."""
    requests: dict[int, Request] = {id(each.request): append_likes(each.request) for each in answers}
    return tuple(replace(each, request=requests[id(each.request)]) for each in answers)


Method = Callable[[Any, Dataset, Split, tuple[Answer, ...], int, Callable[[int, int], None]], Any]


def find_refusal(card: CheckpointCard) -> str | None:
    """Return a sentence that says why a checkpoint cannot be refitted; None if it can."""
    spec = find_model_spec(card.model)
    if card.model in IMPORTED_MODELS:
        return _("'{checkpoint}' was imported, so it cannot be trained here; refit a model trained here", checkpoint=card.name)
    if spec.candidates_only or (spec.parts and card.config.get("kind") == "reciprocal") or spec.class_name in NOTHING_TO_COUNT:
        return _("the model '{model}' learns nothing from events, so feedback cannot change it; refit another one", model=card.model)
    return None


NOTHING_TO_COUNT = ("Content", "ItemKnnText")
"""Models that follow from the texts of items alone."""


def choose_method(card: CheckpointCard) -> Method:
    """Return the function that refits the model of a checkpoint; a DataError says why there is none."""
    refusal = find_refusal(card)
    if refusal is not None:
        raise DataError(refusal)
    spec = find_model_spec(card.model)
    if spec.parts:
        return _refit_fusion
    if spec.gradient:
        return _refit_association if spec.class_name == "Association" else _continue_training
    return _count_again


def _refit_association(model: Any, dataset: Dataset, split: Split, answers: Any, seed: int, report: Callable[[int, int], None]) -> Any:
    from recsys.models.association import Feedback

    report(0, 1)
    given = [Feedback(each.request, each.item_id, each.weight > 0, abs(each.weight)) for each in answers]
    made = model.refit(given, seed=seed)
    report(1, 1)
    return made


def _continue_training(model: Any, dataset: Dataset, split: Split, answers: Any, seed: int, report: Callable[[int, int], None]) -> Any:
    from recsys.feedback.continued_training import continue_training

    return continue_training(model, dataset, split, answers, seed, report)


def _refit_fusion(model: Any, dataset: Dataset, split: Split, answers: Any, seed: int, report: Callable[[int, int], None]) -> Any:
    report(0, 1)
    codes = model.vocabulary.encode([each.item_id for each in answers])
    weights = np.array([each.weight for each in answers])
    made = model.refit(dataset, split, [each.request for each in answers], codes, weights, seed)
    report(1, 1)
    return made


def _count_again(model: Any, dataset: Dataset, split: Split, answers: Any, seed: int, report: Callable[[int, int], None]) -> Any:
    report(0, 1)
    made = type(model).fit(*add_events(dataset, split, answers), model.config, seed)
    report(1, 1)
    return made
