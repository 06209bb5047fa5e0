"""The handler of /api/models."""

import math

from recsys.datasets import list_datasets
from recsys.datasets.prepared import DatasetCard
from recsys.feedback.version_lookup import apply_promotions
from recsys.feedback.version_names import split_version
from recsys.http_api.access import Caller
from recsys.http_api.schemas import DatasetResponse, ModelResponse, ModelsResponse, NoQuery
from recsys.http_api.service import Service
from recsys.training.checkpoints import CheckpointEntry, list_checkpoints
from recsys.training.live_models import list_live_models


def handle_models(service: Service, caller: Caller, query: NoQuery) -> ModelsResponse:
    """Return the prepared datasets with their checkpoints. Uploads of sessions are not among them."""
    del service, caller, query
    return ModelsResponse(datasets=[_describe_dataset(each) for each in list_datasets() if each.prepared])


def _describe_dataset(card: DatasetCard) -> DatasetResponse:
    named = apply_promotions(card.name, list_checkpoints(card.name))
    entries = {each.name: each for each in [*named, *list_live_models(card.name)]}
    return DatasetResponse(
        name=card.name,
        title=card.title,
        interactions=card.interactions,
        users=card.users,
        items=card.items,
        repeats=card.repeats,
        example_users=list(card.example_users),
        models=[_describe_model(each) for each in entries.values()],
    )


def _describe_model(entry: CheckpointEntry) -> ModelResponse:
    card = entry.card
    return ModelResponse(
        name=entry.name,
        model=card.model,
        version=split_version(entry.folder.name)[1],
        protocol=card.protocol,
        created=card.created,
        parameters=card.parameters,
        validation={name: float(value) if math.isfinite(value) else None for name, value in card.validation.items()},
    )
