"""Ablations: a model with a component compared with the same model without it, on the same events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from recsys.core.translation import N_
from recsys.evaluation import Evaluation, PairedDifference, compare_paired
from recsys.models import MODELS


class AblationStep(NamedTuple):
    """One comparison. `without` may name several models: the best of them is used. `component` is English, translated where it is shown."""

    component: str
    model: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class Ablation:
    """Comparisons of related components. `title` and `summary` are English, translated where they are shown."""

    title: str
    summary: str
    steps: tuple[AblationStep, ...]


class AblationEffect(NamedTuple):
    """Effect of a component on a metric: the values without and with it, and their difference with its interval."""

    step: AblationStep
    without: str
    before: float
    after: float
    gain: PairedDifference


ABLATIONS = (
    Ablation(
        N_("Text in SASRec"),
        N_("SASRec with item texts, compared with SASRec that uses item ids only."),
        (
            AblationStep(N_("embeddings initialised with texts"), "sasrec-text-start", ("sasrec",)),
            AblationStep(N_("text embeddings alone"), "sasrec-text-frozen", ("sasrec",)),
            AblationStep(N_("text embeddings plus a learnt difference"), "sasrec-text", ("sasrec",)),
        ),
    ),
    Ablation(
        N_("Long- and short-term interest"),
        N_("Both parts together, compared with each part alone."),
        (
            AblationStep(N_("long-term interest"), "long-short", ("short-only",)),
            AblationStep(N_("short-term interest"), "long-short", ("long-only",)),
        ),
    ),
    Ablation(
        N_("Time and place"),
        N_("Models that use time and place, compared with the same models without them."),
        (
            AblationStep(N_("time and place in the spatiotemporal transformer"), "spatiotemporal", ("spatiotemporal-blind",)),
            AblationStep(N_("time and place in SASRec"), "sasrec-time", ("sasrec",)),
        ),
    ),
    Ablation(
        N_("Evolving items"),
        N_("The spatiotemporal transformer with items that change with their users, compared with static items."),
        (AblationStep(N_("items that change with their recent users"), "spatiotemporal-evolving", ("spatiotemporal",)),),
    ),
    Ablation(
        N_("Fine-tuned text encoder"),
        N_("The spatiotemporal transformer with the last layers of the sentence encoder fine-tuned, compared with the frozen encoder."),
        (AblationStep(N_("fine-tuned last layers of the encoder"), "spatiotemporal-tuned", ("spatiotemporal",)),),
    ),
    Ablation(
        N_("Fusion"),
        N_("The fused ranking, compared with the best of its parts."),
        (
            AblationStep(N_("learnt weights"), "fusion", MODELS["fusion"].parts),
            AblationStep(N_("reciprocal ranks"), "fusion-rrf", MODELS["fusion-rrf"].parts),
        ),
    ),
)


def measure_ablation(
    ablation: Ablation, evaluations: Mapping[str, Evaluation], metric: str, slice: str | None = None
) -> list[AblationEffect]:
    """Return the effects of the steps whose models were evaluated, on all cases or on those of a slice that has any."""
    effects = []
    for step in ablation.steps:
        others = [name for name in step.without if name in evaluations]
        if step.model in evaluations and others:
            values = {name: _read_metric(evaluations[name], metric, slice) for name in (step.model, *others)}
            after, best = values[step.model], max(others, key=lambda name: values[name] or 0.0)
            before = values[best]
            if after is not None and before is not None:
                gain = compare_paired(evaluations[step.model], evaluations[best], metric, slice=slice)
                effects.append(AblationEffect(step, best, before, after, gain))
    return effects


def _read_metric(evaluation: Evaluation, metric: str, slice: str | None) -> float | None:
    if slice is None:
        return evaluation.metrics[metric]
    part = evaluation.slices.get(slice)
    return None if part is None else part.metrics[metric]
