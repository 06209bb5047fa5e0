"""What each idea is worth: a model with it against the same model without, on the same events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from recsys.evaluation import Evaluation, PairedDifference, compare_paired
from recsys.models import MODELS


class AblationStep(NamedTuple):
    """One comparison. `without` may name several models: the best of them is taken."""

    words: str
    model: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class Ablation:
    """Comparisons that belong together."""

    title: str
    sentence: str
    steps: tuple[AblationStep, ...]


class AblationEffect(NamedTuple):
    """What a step adds to a metric: both values, and their difference with its interval."""

    step: AblationStep
    without: str
    before: float
    after: float
    gain: PairedDifference


ABLATIONS = (
    Ablation(
        "Words in the transformer",
        "The same transformer, against one that knows items by number alone.",
        (
            AblationStep("item vectors begin as the item’s words", "sasrec-text-start", ("sasrec",)),
            AblationStep("item vectors are the words and stay so", "sasrec-text-frozen", ("sasrec",)),
            AblationStep("the words and a learnt difference", "sasrec-text", ("sasrec",)),
        ),
    ),
    Ablation(
        "Long and short term",
        "Both halves together, against each half alone.",
        (
            AblationStep("the long view beside the latest events", "long-short", ("short-only",)),
            AblationStep("the latest events beside the long view", "long-short", ("long-only",)),
        ),
    ),
    Ablation(
        "Time and place",
        "The same model, told when and where it is asked, against itself untold.",
        (
            AblationStep("“Here and now”, told", "spatiotemporal", ("spatiotemporal-blind",)),
            AblationStep("the transformer, told", "sasrec-time", ("sasrec",)),
        ),
    ),
    Ablation(
        "Items that change",
        "“Here and now”, whose items change with their audience, against itself with items that do not.",
        (AblationStep("who took the item lately", "spatiotemporal-evolving", ("spatiotemporal",)),),
    ),
    Ablation(
        "An encoder that learns",
        "“Here and now” with the last layers of the sentence encoder learning too, against itself with the encoder as it came.",
        (AblationStep("the encoder’s last layers learn", "spatiotemporal-tuned", ("spatiotemporal",)),),
    ),
    Ablation(
        "All together",
        "The fused ranking, against the best of its parts.",
        (
            AblationStep("learnt weights", "fusion", MODELS["fusion"].parts),
            AblationStep("reciprocal ranks", "fusion-rrf", MODELS["fusion-rrf"].parts),
        ),
    ),
)


def measure_ablation(idea: Ablation, judged: Mapping[str, Evaluation], metric: str, slice: str | None = None) -> list[AblationEffect]:
    """The steps of an idea whose models were both judged, on all cases or on those of a slice that has any."""
    found = []
    for step in idea.steps:
        others = [name for name in step.without if name in judged]
        if step.model in judged and others:
            values = {name: _value(judged[name], metric, slice) for name in (step.model, *others)}
            after, best = values[step.model], max(others, key=lambda name: values[name] or 0.0)
            before = values[best]
            if after is not None and before is not None:
                found.append(
                    AblationEffect(step, best, before, after, compare_paired(judged[step.model], judged[best], metric, slice=slice))
                )
    return found


def _value(judged: Evaluation, metric: str, slice: str | None) -> float | None:
    if slice is None:
        return judged.metrics[metric]
    part = judged.slices.get(slice)
    return None if part is None else part.metrics[metric]
