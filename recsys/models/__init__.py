"""Recommendation models, one a file, and their registry (`registry.py`): a new model is one module and one entry in MODELS."""

from recsys.models.registry import FUSED, MODELS, WORDS, ModelSpec, build_config, describe_needs, find_model_spec

__all__ = ["FUSED", "MODELS", "WORDS", "ModelSpec", "build_config", "describe_needs", "find_model_spec"]
