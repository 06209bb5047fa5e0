"""The memory that training by gradient takes, estimated before anything is allocated."""

from dataclasses import replace
from typing import Any

from recsys.core import Dataset
from recsys.models import ModelSpec

BYTES_PER_PARAMETER = 16
"""Weight, gradient and the two moments of Adam, as float32."""
VECTORS_PER_TOKEN = 16
"""Vectors that a block keeps of each event until the backward pass: inputs, normalized inputs, queries, keys, values, gates, …"""
ATTENTION_COPIES = 3
BYTES = 4  # of a float32


def estimate_training_memory(spec: ModelSpec, dataset: Dataset, config: Any) -> float:
    """Return the bytes of the parameters with their optimizer, and of what a batch keeps for its backward pass.

    Only a network of up to two blocks is made, and without memory for its values; every further block has the parameters of the second.
    """
    blocks = getattr(config, "n_blocks", 1)
    if blocks > 2:
        one, two = (_count_parameters(spec, dataset, replace(config, n_blocks=count)) for count in (1, 2))
        parameters = one + (two - one) * (blocks - 1)
    else:
        parameters = _count_parameters(spec, dataset, config)
    longest = max((int(each) for each in dataset.user_starts[1:] - dataset.user_starts[:-1]), default=1)
    window = min(getattr(config, "max_length", longest), longest)
    tokens = min(config.batch_tokens, len(dataset.interactions) + longest) + window
    per_token = VECTORS_PER_TOKEN * config.embedding_size + ATTENTION_COPIES * window * getattr(config, "n_heads", 1)
    return BYTES_PER_PARAMETER * parameters + BYTES * tokens * per_token * float(blocks)


def _count_parameters(spec: ModelSpec, dataset: Dataset, config: Any) -> float:
    import torch

    try:
        with torch.device("meta"):
            return float(sum(each.numel() for each in spec.load()(dataset.item_ids, config).parameters()))
    except (RuntimeError, OverflowError, TypeError):  # the number of parameters overflows
        return float("inf")
