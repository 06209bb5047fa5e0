"""RecTools exports are compared with its formulas written in NumPy for one history at a time, from the tensors as RecTools names them.

These formulas were compared once with RecTools 0.19 itself, on eleven trained models: scores differed by less than 1e-6.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import erf, expit, softmax

from recsys.core import Dataset, Request, empty_history, shows_attention
from recsys.core.errors import CheckpointError, DataError, QuestionError
from recsys.evaluation.replay import compute_step_attention, replay_history
from recsys.model_import import rectools_export
from recsys.model_import.formats import FORMATS, find_format
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.training.checkpoints import load_checkpoint

SIZE, HEADS, LENGTH, BLOCKS = 8, 2, 5, 2
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
NET = "rectools.models.nn."
BLOCK = "transformer_layers.transformer_blocks."
IDS, BAG = "item_model.item_net_blocks.0.ids_emb.weight", "item_model.item_net_blocks.1."

VARIANTS: dict[str, dict[str, Any]] = {
    "sasrec": {},
    "sasrec that hides padding": {"use_key_padding_mask": True},
    "sasrec without positions": {"use_pos_emb": False},
    "sasrec with categories": {"categories": True},
    "sasrec with scaled items": {"pos_encoding_kwargs": {"use_scale_factor": True}},
    "sasrec with pre-norm blocks": {"layers": "net_blocks.PreLNTransformerLayers", "similarity_module_kwargs": {"distance": "cosine"}},
    "sasrec with gated blocks": {"layers": "ligr.LiGRLayers"},
    "sasrec with gated blocks and biases": {
        "layers": "ligr.LiGRLayers",
        "transformer_layers_kwargs": {"ff_activation": "gelu", "bias_in_ff": True, "ff_factors_multiplier": 2},
    },
    "bert4rec": {"cls": "BERT4RecModel"},
    "bert4rec that sees padding": {
        "cls": "BERT4RecModel",
        "use_key_padding_mask": False,
        "transformer_layers_kwargs": {"ff_factors_multiplier": 2},
    },
}


def make_config(changes: dict[str, Any]) -> dict[str, Any]:
    """The config as RecTools writes it, of what changes scores."""
    is_masked = changes.get("cls") == "BERT4RecModel"
    layers = changes.get("layers", "net_blocks.PreLNTransformerLayers" if is_masked else "sasrec.SASRecTransformerLayers")
    return {
        "cls": "SASRecModel",
        "n_blocks": BLOCKS,
        "n_heads": HEADS,
        "n_factors": SIZE,
        "session_max_len": LENGTH,
        "use_pos_emb": True,
        "use_causal_attn": not is_masked,
        "use_key_padding_mask": is_masked,
        "transformer_layers_type": f"{NET}transformers.{layers}",
        "pos_encoding_type": f"{NET}transformers.net_blocks.LearnableInversePositionalEncoding",
        "item_net_constructor_type": f"{NET}item_net.SumOfEmbeddingsConstructor",
        "transformer_layers_kwargs": None,
        "pos_encoding_kwargs": None,
        "similarity_module_kwargs": None,
        **{name: value for name, value in changes.items() if name not in ("layers", "categories")},
    }


def make_tensors(config: dict[str, Any], n_codes: int, categories: bool = False) -> dict[str, np.ndarray]:
    """Random tensors with the names and shapes of RecTools' state."""
    rng = np.random.default_rng(5)
    more = config["transformer_layers_kwargs"] or {}
    layers = config["transformer_layers_type"].rpartition(".")[2]
    width = SIZE * (1 if layers == "SASRecTransformerLayers" else more.get("ff_factors_multiplier", 4))
    has_bias = layers != "LiGRLayers" or more.get("bias_in_ff", False)
    norms = ("q_layer_norm", "ff_layer_norm") if layers == "SASRecTransformerLayers" else ("layer_norm_1", "layer_norm_2")
    shapes: dict[str, tuple[int, ...]] = {IDS: (n_codes, SIZE)}
    if config["use_pos_emb"]:
        shapes["pos_encoding_layer.pos_emb.weight"] = (LENGTH, SIZE)
    for block in range(BLOCKS):
        inside: dict[str, tuple[int, ...]] = {
            "multi_head_attn.in_proj_weight": (3 * SIZE, SIZE),
            "multi_head_attn.in_proj_bias": (3 * SIZE,),
            "multi_head_attn.out_proj.weight": (SIZE, SIZE),
            "multi_head_attn.out_proj.bias": (SIZE,),
            "feed_forward.ff_linear_1.weight": (width, SIZE),
            "feed_forward.ff_linear_2.weight": (SIZE, width),
        }
        if layers == "LiGRLayers":
            inside |= {f"gating_linear_{at}.weight": (SIZE, SIZE) for at in (1, 2)} | {f"gating_linear_{at}.bias": (SIZE,) for at in (1, 2)}
            if more.get("ff_activation", "swiglu") == "swiglu":
                inside["feed_forward.ff_linear_3.weight"] = (width, SIZE)
        if has_bias:
            inside |= {"feed_forward.ff_linear_1.bias": (width,), "feed_forward.ff_linear_2.bias": (SIZE,)}
        inside |= {f"{norm}.{part}": (SIZE,) for norm in norms for part in ("weight", "bias")}
        shapes |= {f"{BLOCK}{block}.{name}": shape for name, shape in inside.items()}
    if layers == "SASRecTransformerLayers":
        shapes |= {f"transformer_layers.last_layernorm.{part}": (SIZE,) for part in ("weight", "bias")}
    tensors = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    if categories:
        lengths = rng.integers(0, 3, n_codes)
        tensors |= {
            f"{BAG}embedding_bag.weight": rng.normal(size=(4, SIZE)).astype(np.float32),
            f"{BAG}input_lengths": lengths,
            f"{BAG}offsets": np.cumsum(lengths) - lengths,
            f"{BAG}emb_bag_inputs": rng.integers(0, 4, lengths.sum()),
        }
    return tensors


def make_export(folder: Path, item_ids: list[str], changes: dict[str, Any]) -> Path:
    folder.mkdir()
    config = make_config(changes)
    extra = ["PAD", "MASK"] if config["cls"] == "BERT4RecModel" else ["PAD"]
    save_file(make_tensors(config, len(item_ids) + len(extra), changes.get("categories", False)), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "items.json").write_text(json.dumps([*extra, *item_ids]))
    return folder


def normalize(x: np.ndarray, state: dict[str, np.ndarray], name: str, eps: float = 1e-5) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * state[f"{name}.weight"] + state[f"{name}.bias"]


def attend(queries: np.ndarray, values: np.ndarray, state: dict[str, np.ndarray], name: str, seen: np.ndarray) -> tuple[np.ndarray, Any]:
    weight, bias = state[f"{name}.in_proj_weight"].reshape(3, SIZE, SIZE), state[f"{name}.in_proj_bias"].reshape(3, SIZE)
    q, k, v = (each @ w.T + b for each, w, b in zip((queries, values, values), weight, bias, strict=True))
    heads, shown = [], []
    for head in np.split(np.arange(SIZE), HEADS):
        logits = q[:, head] @ k[:, head].T / math.sqrt(len(head))
        shown.append(softmax(np.where(seen, logits, -1e30), axis=1))
        heads.append(shown[-1] @ v[:, head])
    return np.concatenate(heads, axis=1) @ state[f"{name}.out_proj.weight"].T + state[f"{name}.out_proj.bias"], np.array(shown)


def score_by_hand(folder: Path, codes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of all codes after a history, and the attention (blocks, heads, LENGTH, LENGTH), as RecTools defines them."""
    state = {name: value.astype(np.float64) for name, value in load_file(folder / "model.safetensors").items()}
    config = json.loads((folder / "config.json").read_text())
    layers = config["transformer_layers_type"].rpartition(".")[2]
    more = config["transformer_layers_kwargs"] or {}
    activation = {"SASRecTransformerLayers": "relu", "PreLNTransformerLayers": "gelu"}.get(layers, more.get("ff_activation", "swiglu"))
    items = state[IDS].copy()
    if f"{BAG}offsets" in state:
        for code, (start, length) in enumerate(zip(state[f"{BAG}offsets"], state[f"{BAG}input_lengths"], strict=True)):
            for number in state[f"{BAG}emb_bag_inputs"][int(start) : int(start + length)]:
                items[code] += state[f"{BAG}embedding_bag.weight"][int(number)]
    window = ([*codes, 1] if config["cls"] == "BERT4RecModel" else codes)[-LENGTH:]
    tokens = np.array([0] * (LENGTH - len(window)) + window)
    real = (tokens != 0)[:, None]
    seen = np.tri(LENGTH, dtype=bool) if config["use_causal_attn"] else np.ones((LENGTH, LENGTH), dtype=bool)
    if config["use_key_padding_mask"]:
        seen = (seen & real.T) | np.eye(LENGTH, dtype=bool)
    x = items[tokens] * (math.sqrt(SIZE) if (config["pos_encoding_kwargs"] or {}).get("use_scale_factor") else 1)
    if config["use_pos_emb"]:
        x = x + state["pos_encoding_layer.pos_emb.weight"][::-1]
    shown = []

    def feed(y: np.ndarray, name: str) -> np.ndarray:
        first, second = f"{name}.feed_forward.ff_linear_1", f"{name}.feed_forward.ff_linear_2"
        wide = y @ state[f"{first}.weight"].T + state.get(f"{first}.bias", 0)
        if activation == "relu":
            wide = np.maximum(wide, 0)
        elif activation == "gelu":
            wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        else:
            wide = wide * expit(wide) * (y @ state[f"{name}.feed_forward.ff_linear_3.weight"].T)
        return wide @ state[f"{second}.weight"].T + state.get(f"{second}.bias", 0)

    for block in range(BLOCKS):
        name = f"{BLOCK}{block}"
        if layers == "SASRecTransformerLayers":
            x = x * real
            q = normalize(x, state, f"{name}.q_layer_norm")
            mixed, weights = attend(q, x, state, f"{name}.multi_head_attn", seen)
            y = normalize(q + mixed, state, f"{name}.ff_layer_norm")
            x = y + feed(y, name)
        else:
            y = normalize(x, state, f"{name}.layer_norm_1")
            mixed, weights = attend(y, y, state, f"{name}.multi_head_attn", seen)
            gates = [1.0, 1.0]
            if layers == "LiGRLayers":
                gates[0] = expit(x @ state[f"{name}.gating_linear_1.weight"].T + state[f"{name}.gating_linear_1.bias"])
            x = x + gates[0] * mixed
            if layers == "LiGRLayers":
                gates[1] = expit(x @ state[f"{name}.gating_linear_2.weight"].T + state[f"{name}.gating_linear_2.bias"])
            x = x + gates[1] * feed(normalize(x, state, f"{name}.layer_norm_2"), name)
        shown.append(weights)
    last = normalize(x * real, state, "transformer_layers.last_layernorm", 1e-8)[-1] if layers == "SASRecTransformerLayers" else x[-1]
    if (config["similarity_module_kwargs"] or {}).get("distance") == "cosine":
        last, items = last / np.linalg.norm(last), items / np.linalg.norm(items, axis=1, keepdims=True)
    return items @ last, np.array(shown)


def read(folder: Path, dataset: Dataset, **options: Any) -> Any:
    (imported,) = rectools_export.read(folder, dataset, ImportOptions(**options))
    return imported


def requests_of(dataset: Dataset) -> list[Request]:
    return [Request(dataset.history(user).until(step)) for user in dataset.user_ids[:4] for step in range(len(dataset.history(user)) + 1)]


@pytest.mark.parametrize("variant", VARIANTS)
class TestEveryVariant:
    @pytest.fixture
    def folder(self, variant: str, tiny: Dataset, tmp_path: Path) -> Path:
        return make_export(tmp_path / "own", list(reversed(tiny.item_ids)), VARIANTS[variant])

    def test_scores_are_those_of_the_formulas(self, folder: Path, tiny: Dataset) -> None:
        listed = json.loads((folder / "items.json").read_text())
        assert find_format(folder) is FORMATS["rectools"]
        model = read(folder, tiny).model
        for request, scores in zip(requests_of(tiny), model.score(requests_of(tiny)), strict=True):
            expected, _weights = score_by_hand(folder, [listed.index(item) for item in request.history.items])
            np.testing.assert_allclose(scores, expected[[listed.index(item) for item in tiny.item_ids]], **CLOSE)

    def test_the_checkpoint_scores_and_replays_alike(self, folder: Path, tiny: Dataset, tmp_path: Path) -> None:
        imported = read(folder, tiny)
        card = save_imported_model(imported, tiny, "own", folder=tmp_path / "saved")
        loaded = load_checkpoint(tmp_path / "saved").model
        assert card.model == imported.kind
        np.testing.assert_array_equal(loaded.score(requests_of(tiny)), imported.model.score(requests_of(tiny)))
        history = tiny.history(tiny.user_ids[0])
        alone = loaded.score([Request(history.until(step)) for step in range(len(history) + 1)])
        np.testing.assert_allclose(replay_history(loaded, history, repeats=True).top_scores, -np.sort(-alone, axis=1)[:, :10], **CLOSE)


def test_attention_is_that_of_the_formulas(tiny: Dataset, tmp_path: Path) -> None:
    folder = make_export(tmp_path / "own", list(tiny.item_ids), {})
    model = read(folder, tiny).model
    assert shows_attention(model)
    history = tiny.history(tiny.user_ids[0])
    codes = [int(item[1:]) + 1 for item in history.items]
    for step in (1, 3, LENGTH, len(history)):
        shown = compute_step_attention(model, history, step).weights[:, :, -1]
        _scores, weights = score_by_hand(folder, codes[:step])
        read_events = min(step, LENGTH)
        np.testing.assert_allclose(shown[..., -read_events:], weights[:, :, -1, LENGTH - read_events :], atol=1e-6)
        np.testing.assert_allclose(shown[..., 0], weights[:, :, -1, : LENGTH - read_events].sum(axis=-1), atol=1e-6)
        assert (shown[..., 1:-read_events] == 0).all()


def test_attention_of_the_mask_is_that_of_the_formulas(tiny: Dataset, tmp_path: Path) -> None:
    folder = make_export(tmp_path / "own", list(tiny.item_ids), {"cls": "BERT4RecModel", "use_key_padding_mask": False})
    model = read(folder, tiny).model
    history = tiny.history(tiny.user_ids[0])
    codes = [int(item[1:]) + 2 for item in history.items]
    for step in (0, 1, LENGTH - 1, len(history)):
        attention = compute_step_attention(model, history, step)
        assert attention.query == 0
        _scores, weights = score_by_hand(folder, codes[:step])
        events = slice(LENGTH - 1 - min(step, LENGTH - 1), LENGTH - 1)
        shown = attention.weights[:, :, 0]
        np.testing.assert_allclose(shown[..., shown.shape[-1] - (events.stop - events.start) :], weights[:, :, -1, events], atol=1e-6)
        np.testing.assert_allclose(attention.weights.sum(axis=-1), 1, atol=1e-6)


def test_item_vectors_are_those_of_the_export(tiny: Dataset, tmp_path: Path) -> None:
    model = read(make_export(tmp_path / "own", [*tiny.item_ids[3:], "elsewhere"], {}), tiny).model
    vectors = model.item_vectors().numpy()
    np.testing.assert_array_equal(vectors[3:], load_file(tmp_path / "own" / "model.safetensors")[IDS][1:-1])
    assert (vectors[:3] == 0).all()


def test_items_that_the_model_lacks_score_minus_infinity_and_are_skipped(tiny: Dataset, tmp_path: Path) -> None:
    imported = read(make_export(tmp_path / "own", [*tiny.item_ids[3:], "elsewhere"], {}), tiny)
    history = tiny.history(tiny.user_ids[0])
    scores = imported.model.score([Request(history)])[0]
    assert np.isneginf(scores[:3]).all()
    known = history.without(np.flatnonzero(np.isin(history.items, tiny.item_ids[:3])))
    np.testing.assert_array_equal(scores, imported.model.score([Request(known)])[0])
    assert [each.rows for each in imported.matches] == [12, 1, 3]
    replay = replay_history(imported.model, history, repeats=True)
    alone = imported.model.score([Request(history.until(step)) for step in range(len(history) + 1)])
    np.testing.assert_allclose(replay.top_scores, -np.sort(-alone, axis=1)[:, :10], **CLOSE)


def test_an_empty_history_is_a_window_of_padding(tiny: Dataset, tmp_path: Path) -> None:
    folder = make_export(tmp_path / "own", list(tiny.item_ids), {})
    model = read(folder, tiny).model
    np.testing.assert_allclose(model.score([Request(empty_history())])[0], score_by_hand(folder, [])[0][1:], **CLOSE)
    assert model.fallback(Request(empty_history()))


class TestWrongExports:
    @pytest.fixture
    def folder(self, tiny: Dataset, tmp_path: Path) -> Path:
        return make_export(tmp_path / "own", list(tiny.item_ids), {})

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"n_blocks": 3}, r"lacks blocks\.2"),
            ({"n_blocks": 1}, r"also has blocks\.1"),
            ({"session_max_len": 7}, "positions .*shape 5×8.*has 7×8"),
            ({"n_heads": 0}, "n_heads=0"),
            ({"n_heads": 3}, "n_heads=3 does not divide"),
            ({"n_heads": "many"}, "n_heads=many"),
            ({"cls": "HSTUModel"}, "HSTUModel"),
            ({"item_net_constructor_type": "own.Net"}, r"own\.Net as item_net_constructor_type"),
            ({"transformer_layers_type": "own.Layers"}, "Layers as transformer_layers_type"),
        ],
    )
    def test_a_config_that_does_not_fit_names_what_is_wrong(
        self, values: dict[str, Any], message: str, folder: Path, tiny: Dataset
    ) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **values}))
        with pytest.raises((CheckpointError, DataError), match=message):
            read(folder, tiny)

    def test_lists_that_do_not_fit(self, folder: Path, tiny: Dataset) -> None:
        (folder / "items.json").write_text(json.dumps(["PAD", *tiny.item_ids, "more"]))
        with pytest.raises(CheckpointError, match="has 16 items, and its model has 15"):
            read(folder, tiny)
        (folder / "items.json").write_text(json.dumps(["PAD", *tiny.item_ids[1:], "i01"]))
        with pytest.raises(DataError, match="'i01' more than once"):
            read(folder, tiny)
        (folder / "items.json").write_text(json.dumps(["PAD", *(f"other {at}" for at in range(15))]))
        with pytest.raises(DataError, match="only 0 of 15 items"):
            read(folder, tiny)
        (folder / "items.json").unlink()
        with pytest.raises(QuestionError, match="15 items") as asked:
            read(folder, tiny)
        assert asked.value.option == "--items"

    def test_damaged_weights(self, folder: Path, tiny: Dataset) -> None:
        file = folder / "model.safetensors"
        tensors = load_file(file)
        save_file({**tensors, IDS: np.full_like(tensors[IDS], np.nan)}, file)
        with pytest.raises(CheckpointError, match=r"ids_emb\.weight.*not finite"):
            read(folder, tiny)
        save_file({name: value for name, value in tensors.items() if name != IDS}, file)
        with pytest.raises(CheckpointError, match="no vectors of items"):
            read(folder, tiny)
        file.write_bytes(file.read_bytes()[:50])
        with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
            read(folder, tiny)
        file.unlink()
        (folder / "model.ckpt").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
        with pytest.raises(CheckpointError, match="is a pickle"):
            read(folder, tiny)

    def test_categories_out_of_range(self, tiny: Dataset, tmp_path: Path) -> None:
        folder = make_export(tmp_path / "with categories", list(tiny.item_ids), {"categories": True})
        tensors = load_file(folder / "model.safetensors")
        save_file({**tensors, f"{BAG}offsets": tensors[f"{BAG}offsets"] + 1000}, folder / "model.safetensors")
        with pytest.raises(CheckpointError, match="categories of items"):
            read(folder, tiny)
