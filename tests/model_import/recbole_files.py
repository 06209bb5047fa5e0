"""Small checkpoints with the structure of RecBole's, written by `torch.save`, and what its networks compute, computed another way."""

import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

MAX_LENGTH = 5
SHAPE = {"n_layers": 2, "n_heads": 2, "hidden_size": 6, "inner_size": 10, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
SETTINGS: dict[str, dict[str, Any]] = {
    "SASRec": SHAPE,
    "BERT4Rec": SHAPE,
    "GRU4Rec": {"embedding_size": 6, "hidden_size": 8, "num_layers": 2},
    "NARM": {"embedding_size": 6, "hidden_size": 8, "n_layers": 1},
    "BPR": {"embedding_size": 4},
    "LightGCN": {"embedding_size": 4, "n_layers": 2},
}


@contextmanager
def recbole_modules() -> Iterator[tuple[type, type[Enum]]]:
    """Have classes with the names of RecBole's while a file is written; nothing of RecBole is installed or needed."""
    config = type("Config", (), {"__module__": "recbole.config.configurator"})
    kind = Enum("ModelType", "SEQUENTIAL GENERAL", module="recbole.utils.enum_type")  # type: ignore[misc]
    made = {"recbole.config.configurator": {"Config": config}, "recbole.utils.enum_type": {"ModelType": kind}}
    names = ["recbole", "recbole.config", "recbole.utils", *made]
    for name in names:
        sys.modules[name] = types.ModuleType(name)
        for key, value in made.get(name, {}).items():
            setattr(sys.modules[name], key, value)
    try:
        yield config, kind
    finally:
        for name in names:
            del sys.modules[name]


def draw_arrays(model: str, n_items: int, n_users: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return parameters with the names and shapes of RecBole's, not small, so that a mistake shows."""
    rng, size = np.random.default_rng(seed), 6
    shapes: dict[str, tuple[int, ...]] = {"item_embedding.weight": (n_items + (2 if model == "BERT4Rec" else 1), size)}
    if model in ("BPR", "LightGCN"):
        shapes = {"user_embedding.weight": (n_users + 1, 4), "item_embedding.weight": (n_items + 1, 4)}
    if model in ("SASRec", "BERT4Rec"):
        shapes["position_embedding.weight"] = (MAX_LENGTH, size)
        shapes |= {"LayerNorm.weight": (size,), "LayerNorm.bias": (size,)}
        for layer in range(SHAPE["n_layers"]):
            root = f"trm_encoder.layer.{layer}."
            for name in ("query", "key", "value", "dense"):
                shapes |= {f"{root}multi_head_attention.{name}.weight": (size, size), f"{root}multi_head_attention.{name}.bias": (size,)}
            for half in ("multi_head_attention", "feed_forward"):
                shapes |= {f"{root}{half}.LayerNorm.weight": (size,), f"{root}{half}.LayerNorm.bias": (size,)}
            shapes |= {f"{root}feed_forward.dense_1.weight": (10, size), f"{root}feed_forward.dense_1.bias": (10,)}
            shapes |= {f"{root}feed_forward.dense_2.weight": (size, 10), f"{root}feed_forward.dense_2.bias": (size,)}
    if model == "BERT4Rec":
        shapes |= {"output_bias": (n_items + 1,), "output_ffn.weight": (size, size), "output_ffn.bias": (size,)}
        shapes |= {"output_ln.weight": (size,), "output_ln.bias": (size,)}
    if model == "GRU4Rec":
        for layer in range(2):
            shapes |= {f"gru_layers.weight_ih_l{layer}": (24, 8 if layer else size), f"gru_layers.weight_hh_l{layer}": (24, 8)}
        shapes |= {"dense.weight": (size, 8), "dense.bias": (size,)}
    if model == "NARM":
        shapes |= {"gru.weight_ih_l0": (24, size), "gru.weight_hh_l0": (24, 8), "a_1.weight": (8, 8), "a_2.weight": (8, 8)}
        shapes |= {"v_t.weight": (1, 8), "b.weight": (size, 16)}
    return {name: rng.normal(scale=0.7, size=shape).astype(np.float32) for name, shape in shapes.items()}


def make_settings(model: str, **others: Any) -> dict[str, Any]:
    """Return settings with RecBole's names; dropout and the like are left out, since they change no score."""
    return {
        "model": model,
        "dataset": "shop",
        "MAX_ITEM_LIST_LENGTH": MAX_LENGTH,
        "USER_ID_FIELD": "user_id",
        "ITEM_ID_FIELD": "item_id",
        "TIME_FIELD": "timestamp",
        "RATING_FIELD": "rating",
        "field_separator": "\t",
        "load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]},
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": {"valid": "full", "test": "full"}},
        **SETTINGS[model],
        **others,
    }


def write_checkpoint(
    file: Path, settings: dict[str, Any], arrays: dict[str, np.ndarray], other: dict[str, np.ndarray | None] | None = None, **saving: Any
) -> Path:
    """Write a file as RecBole's trainer does: protocol 4, a Config object, an optimizer, and parameters that a model adds."""
    state = OrderedDict((name, torch.from_numpy(value)) for name, value in arrays.items())
    with recbole_modules() as (config_class, kind):
        config = config_class()
        config.__dict__ |= {"model": settings["model"], "parameters": {}, "final_config_dict": {**settings, "MODEL_TYPE": kind.SEQUENTIAL}}  # type: ignore[attr-defined]
        moments = {number: {"exp_avg": torch.zeros_like(value), "step": torch.tensor(1.0)} for number, value in enumerate(state.values())}
        content = {
            "config": config,
            "epoch": 3,
            "cur_step": 0,
            "best_valid_score": np.float64(0.25),
            "state_dict": state,
            "other_parameter": {name: None if value is None else torch.from_numpy(value) for name, value in (other or {}).items()},
            "optimizer": {"state": moments, "param_groups": [{"lr": 0.001, "params": list(moments)}]},
        }
        torch.save(content, file, **{"pickle_protocol": 4, **saving})
    return file


def write_inter(file: Path, rows: pd.DataFrame) -> Path:
    """Write interactions as RecBole's atomic file; `rows` has user_id, item_id and further numbers."""
    head = {name: f"{name}:{'token' if name.endswith('_id') else 'float'}" for name in rows}
    rows.rename(columns=head).to_csv(file, sep="\t", index=False)
    return file


# -- what RecBole computes ---------------------------------------------------------------------------------------------


def reference_scores(model: str, arrays: dict[str, np.ndarray], numbers: list[int], n_items: int) -> np.ndarray:
    """Return the scores (n_items,) after items with these numbers of RecBole, one request at a time."""
    window = numbers[-MAX_LENGTH:]
    state = {"SASRec": _sasrec, "BERT4Rec": _bert4rec, "GRU4Rec": _gru4rec, "NARM": _narm}[model](arrays, window, n_items)
    scores = arrays["item_embedding.weight"][1 : n_items + 1].astype(np.float64) @ state
    return scores + arrays["output_bias"][1:] if model == "BERT4Rec" else scores


def _encoder(arrays: dict[str, np.ndarray], x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Apply PyTorch's own transformer layers, which are those of BERT if normalized last."""
    for number in range(SHAPE["n_layers"]):
        own = {name.removeprefix(f"trm_encoder.layer.{number}."): torch.from_numpy(value).double() for name, value in arrays.items()}
        layer = torch.nn.TransformerEncoderLayer(6, 2, 10, 0.0, "gelu", 1e-12, batch_first=True).double().eval()
        attention = "multi_head_attention"
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": torch.cat([own[f"{attention}.{name}.weight"] for name in ("query", "key", "value")]),
                "self_attn.in_proj_bias": torch.cat([own[f"{attention}.{name}.bias"] for name in ("query", "key", "value")]),
                "self_attn.out_proj.weight": own[f"{attention}.dense.weight"],
                "self_attn.out_proj.bias": own[f"{attention}.dense.bias"],
                "linear1.weight": own["feed_forward.dense_1.weight"],
                "linear1.bias": own["feed_forward.dense_1.bias"],
                "linear2.weight": own["feed_forward.dense_2.weight"],
                "linear2.bias": own["feed_forward.dense_2.bias"],
                **{f"norm1.{name}": own[f"{attention}.LayerNorm.{name}"] for name in ("weight", "bias")},
                **{f"norm2.{name}": own[f"feed_forward.LayerNorm.{name}"] for name in ("weight", "bias")},
            }
        )
        with torch.no_grad():
            x = layer(x, src_mask=hidden)
    return x[0]


def _embed(arrays: dict[str, np.ndarray], window: list[int]) -> torch.Tensor:
    total = torch.from_numpy(arrays["item_embedding.weight"][window] + arrays["position_embedding.weight"][: len(window)]).double()
    return _normalize(total, arrays, "LayerNorm")[None]


def _normalize(x: torch.Tensor, arrays: dict[str, np.ndarray], name: str) -> torch.Tensor:
    weight, bias = (torch.from_numpy(arrays[f"{name}.{part}"]).double() for part in ("weight", "bias"))
    return torch.nn.functional.layer_norm(x, (x.shape[-1],), weight, bias, 1e-12)


def _sasrec(arrays: dict[str, np.ndarray], window: list[int], n_items: int) -> np.ndarray:
    later = torch.triu(torch.ones(len(window), len(window), dtype=torch.bool), 1)
    return _encoder(arrays, _embed(arrays, window), later)[-1].numpy()


def _bert4rec(arrays: dict[str, np.ndarray], window: list[int], n_items: int) -> np.ndarray:
    tokens = [*window[1:], n_items + 1]
    last = _encoder(arrays, _embed(arrays, tokens), torch.zeros(len(tokens), len(tokens), dtype=torch.bool))[-1]
    last = torch.from_numpy(arrays["output_ffn.weight"]).double() @ last + torch.from_numpy(arrays["output_ffn.bias"]).double()
    return _normalize(torch.nn.functional.gelu(last), arrays, "output_ln").numpy()


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _gru(inputs: list[np.ndarray], input_weights: np.ndarray, hidden_weights: np.ndarray) -> list[np.ndarray]:
    """Return the states of a GRU without biases, by its equations (arXiv 1412.3555)."""
    state, states = np.zeros(hidden_weights.shape[1]), []
    for each in inputs:
        from_input, from_state = np.split(input_weights @ each, 3), np.split(hidden_weights @ state, 3)
        reset, update = _sigmoid(from_input[0] + from_state[0]), _sigmoid(from_input[1] + from_state[1])
        state = (1 - update) * np.tanh(from_input[2] + reset * from_state[2]) + update * state
        states.append(state)
    return states


def _gru4rec(arrays: dict[str, np.ndarray], window: list[int], n_items: int) -> np.ndarray:
    states = list(arrays["item_embedding.weight"][window].astype(np.float64))
    for layer in range(2):
        states = _gru(states, arrays[f"gru_layers.weight_ih_l{layer}"], arrays[f"gru_layers.weight_hh_l{layer}"])
    return arrays["dense.weight"] @ states[-1] + arrays["dense.bias"]


def _narm(arrays: dict[str, np.ndarray], window: list[int], n_items: int) -> np.ndarray:
    states = _gru(list(arrays["item_embedding.weight"][window].astype(np.float64)), arrays["gru.weight_ih_l0"], arrays["gru.weight_hh_l0"])
    weights = [arrays["v_t.weight"][0] @ _sigmoid(arrays["a_1.weight"] @ each + arrays["a_2.weight"] @ states[-1]) for each in states]
    local = sum(weight * each for weight, each in zip(weights, states, strict=True))
    return arrays["b.weight"] @ np.concatenate([local, states[-1]])
