"""Recommendation models, one a file, and their registry (`registry.py`): a new model is one module and one entry in MODELS."""

from recsys.models.registry import (
    FUSED,
    IMPORTED_MODELS,
    KNOWN_MODELS,
    MODELS,
    WORDS,
    ModelSpec,
    build_config,
    describe_needs,
    find_model_spec,
)

__all__ = ["FUSED", "IMPORTED_MODELS", "KNOWN_MODELS", "MODELS", "WORDS", "ModelSpec", "build_config", "describe_needs", "find_model_spec"]
