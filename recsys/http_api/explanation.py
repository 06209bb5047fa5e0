"""The handler of /api/explain."""

from recsys.core.errors import DataError
from recsys.explain.recommendation import explain_recommendation
from recsys.http_api.access import Caller
from recsys.http_api.schemas import MOST_EXPLAINED_EVENTS, Contribution, ExplainBody, ExplainResponse
from recsys.http_api.service import Service, name_version
from recsys.models import find_model_spec


def handle_explain(service: Service, caller: Caller, body: ExplainBody) -> ExplainResponse:
    """Return the Shapley values of the events before a step for the score of one item."""
    del caller
    data, loaded = service.open(body.dataset, body.checkpoint)
    if find_model_spec(loaded.card.model).candidates_only:
        raise DataError(f"one evaluation of {loaded.card.model} takes seconds; explain it with: python -m recsys explain")
    length = len(data.history(body.user))
    if body.step is None and length > MOST_EXPLAINED_EVENTS:
        raise DataError(f"{length} events are too many to explain in one request; give a step up to {MOST_EXPLAINED_EVENTS}")
    found = explain_recommendation(loaded, data, body.user, body.step, body.item_id, budget=body.budget, seed=body.seed)
    return ExplainResponse(
        dataset=data.name,
        checkpoint=name_version(loaded),
        user=body.user,
        step=found.step,
        item_id=found.item_id,
        target=found.target,
        score=found.score,
        baseline=found.baseline,
        residual=found.residual,
        contributions=[
            Contribution(
                kind=player.kind, label=player.label, steps=list(player.steps), item_id=player.item_id, value=value, standard_error=error
            )
            for player, value, error in zip(found.players, found.values.tolist(), found.standard_errors.tolist(), strict=True)
        ],
        is_exact=found.exact,
        evaluations=found.evaluations,
    )
