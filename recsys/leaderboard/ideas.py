"""What each idea is worth: a model with it against the same model without, on the same events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from recsys.evaluation import Evaluation, Paired, paired
from recsys.models import MODELS


class Step(NamedTuple):
    """One comparison. `without` may name several models: the best of them is taken."""

    words: str
    model: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class Idea:
    """Comparisons that belong together."""

    title: str
    sentence: str
    steps: tuple[Step, ...]


class Worth(NamedTuple):
    """What a step adds to a metric: both values, and their difference with its interval."""

    step: Step
    without: str
    before: float
    after: float
    gain: Paired


IDEAS = (
    Idea(
        "Words in the transformer",
        "The same transformer, against one that knows items by number alone.",
        (
            Step("item vectors begin as the item’s words", "sasrec-text-start", ("sasrec",)),
            Step("item vectors are the words and stay so", "sasrec-text-frozen", ("sasrec",)),
            Step("the words and a learnt difference", "sasrec-text", ("sasrec",)),
        ),
    ),
    Idea(
        "Long and short term",
        "Both halves together, against each half alone.",
        (
            Step("the long view beside the latest events", "long-short", ("short-only",)),
            Step("the latest events beside the long view", "long-short", ("long-only",)),
        ),
    ),
    Idea(
        "Time and place",
        "The same model, told when and where it is asked, against itself untold.",
        (
            Step("“Here and now”, told", "spatiotemporal", ("spatiotemporal-blind",)),
            Step("the transformer, told", "sasrec-time", ("sasrec",)),
        ),
    ),
    Idea(
        "Items that change",
        "“Here and now”, whose items change with their audience, against itself with items that do not.",
        (Step("who took the item lately", "spatiotemporal-evolving", ("spatiotemporal",)),),
    ),
    Idea(
        "An encoder that learns",
        "“Here and now” with the last layers of the sentence encoder learning too, against itself with the encoder as it came.",
        (Step("the encoder’s last layers learn", "spatiotemporal-tuned", ("spatiotemporal",)),),
    ),
    Idea(
        "All together",
        "The fused ranking, against the best of its parts.",
        (
            Step("learnt weights", "fusion", MODELS["fusion"].parts),
            Step("reciprocal ranks", "fusion-rrf", MODELS["fusion-rrf"].parts),
        ),
    ),
)


def worth(idea: Idea, judged: Mapping[str, Evaluation], metric: str, slice: str | None = None) -> list[Worth]:
    """The steps of an idea whose models were both judged, on all cases or on those of a slice that has any."""
    found = []
    for step in idea.steps:
        others = [name for name in step.without if name in judged]
        if step.model in judged and others:
            values = {name: _value(judged[name], metric, slice) for name in (step.model, *others)}
            after, best = values[step.model], max(others, key=lambda name: values[name] or 0.0)
            before = values[best]
            if after is not None and before is not None:
                found.append(Worth(step, best, before, after, paired(judged[step.model], judged[best], metric, slice=slice)))
    return found


def _value(judged: Evaluation, metric: str, slice: str | None) -> float | None:
    if slice is None:
        return judged.metrics[metric]
    part = judged.slices.get(slice)
    return None if part is None else part.metrics[metric]
