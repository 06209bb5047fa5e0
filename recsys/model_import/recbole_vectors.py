"""Models of RecBole whose scores are products of a vector for each user and item."""

import math
from typing import Any

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.dataset import Check
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.model_import.matching import ItemMatch, describe_user_match
from recsys.model_import.recbole_checkpoint import Checkpoint, check_memory
from recsys.model_import.recbole_tokens import NumberedTokens, select_training_pairs
from recsys.models import IMPORTED_MODELS
from recsys.models.base.count_based import hash_user_ids


def build_vectors(
    checkpoint: Checkpoint, dataset: Dataset, match: ItemMatch, numbers: NumberedTokens
) -> tuple[str, Any, tuple[Check, ...]]:
    """Return a model of a vector for each user and item, LightGCN's after its propagation."""
    shapes = [checkpoint.shape(f"{each}_embedding.weight") for each in ("user", "item")]
    if len({shape[1:] for shape in shapes}) > 1 or any(len(shape) != 2 for shape in shapes):
        raise ValueError(f"vectors of users and items have the shapes {shapes[0]} and {shapes[1]}")
    check_memory(checkpoint, [math.prod(shape) for shape in shapes])
    users, items = (checkpoint.read(checkpoint.tensors[f"{each}_embedding.weight"]) for each in ("user", "item"))
    if checkpoint.model == "LightGCN":
        users, items = _propagate(checkpoint, numbers, users, items)
    tokens = np.asarray(numbers.users)
    arrays = {
        "columns": match.columns,
        "item_vectors": items[1:],
        "user_vectors": users[1:],
        "user_hashes": hash_user_ids(tokens),
    }
    model_class = IMPORTED_MODELS["vectors"].load()
    model = model_class(dataset.item_ids, model_class.Config(similarity="dot", user_rule="stored"), arrays)
    return "vectors", model, tuple(describe_user_match(np.isin(tokens, dataset.user_ids)))


def _propagate(checkpoint: Checkpoint, numbers: NumberedTokens, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return LightGCN's final vectors (arXiv 2002.02126): those that RecBole stored, or the mean of all layers over its training events."""
    stored = [checkpoint.other.get(f"restore_{each}_e") for each in ("user", "item")]
    if all(each is not None and each.shape == own.shape for each, own in zip(stored, (users, items), strict=True)):
        first, second = (checkpoint.read(each) for each in stored if each is not None)
        return first, second
    pairs = None if numbers.interactions is None else select_training_pairs(numbers.interactions, checkpoint.settings)
    if pairs is None:
        raise DataError(
            _(
                "{file} has no final vectors, since LightGCN was not evaluated before it was saved, and its training events are not known here; evaluate it once in RecBole and save it again, or give the .inter file of a split by time",
                file=checkpoint.file.path.name,
            )
        )
    links = sparse.coo_matrix((np.ones(len(pairs), dtype=np.float32), (pairs["user"], pairs["item"])), shape=(len(users), len(items)))
    links = (links.tocsr() > 0).astype(np.float32)
    scale = [np.power(np.asarray(links.sum(axis=axis)).ravel() + 1e-7, -0.5) for axis in (1, 0)]
    links = (sparse.diags(scale[0]) @ links @ sparse.diags(scale[1])).astype(np.float32).tocsr()
    layers = int(checkpoint.settings["n_layers"])
    if not 0 <= layers <= 100:
        raise ValueError(f"n_layers is {layers}")
    sums, parts = [users.copy(), items.copy()], (users, items)
    for _layer in range(layers):
        parts = (links @ parts[1], links.T @ parts[0])
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    return sums[0] / (layers + 1), sums[1] / (layers + 1)
