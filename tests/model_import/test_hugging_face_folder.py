"""Hugging Face folders are compared with the model of transformers that wrote them, run on the tokens by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

from recsys.core import Dataset, Request, empty_history, shows_attention
from recsys.core.errors import CheckpointError, DataError, QuestionError
from recsys.evaluation.replay import compute_step_attention, replay_history
from recsys.model_import import hugging_face_folder
from recsys.model_import.formats import FORMATS, find_format
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.training.checkpoints import load_checkpoint

SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def vocabulary(dataset: Dataset) -> dict[str, int]:
    """Special tokens, then the items in another order than that of the dataset."""
    return {token: number for number, token in enumerate([*SPECIAL, *reversed(dataset.item_ids)])}


def make(kind: str, size: int, **settings: Any) -> PreTrainedModel:
    torch.manual_seed(3)
    if kind == "gpt2":
        own = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 6, "bos_token_id": 1, "eos_token_id": 2}
        return GPT2LMHeadModel(GPT2Config(vocab_size=size, **{**own, **settings})).eval()
    if kind == "llama":
        own = {"max_position_embeddings": 6, "bos_token_id": 1, "eos_token_id": 2, "num_key_value_heads": 1, "tie_word_embeddings": False}
        return LlamaForCausalLM(LlamaConfig(vocab_size=size, **SMALL, **{**own, **settings})).eval()
    if kind == "roberta":
        return RobertaForMaskedLM(RobertaConfig(vocab_size=size, pad_token_id=0, max_position_embeddings=9, **SMALL)).eval()
    return BertForMaskedLM(BertConfig(vocab_size=size, max_position_embeddings=8, **{**SMALL, **settings})).eval()


def write(folder: Path, model: PreTrainedModel, names: dict[str, int], template: bool = False) -> Path:
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(names, unk_token="[PAD]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if template:
        pairs = [("[CLS]", names["[CLS]"]), ("[SEP]", names["[SEP]"])]
        tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=pairs)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def read(folder: Path, dataset: Dataset, **options: Any) -> Any:
    (imported,) = hugging_face_folder.read(folder, dataset, ImportOptions(**options))
    return imported


def requests_of(dataset: Dataset) -> list[Request]:
    return [Request(dataset.history(user).until(step)) for user in dataset.user_ids[:4] for step in range(1, len(dataset.history(user)))]


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("template", [False, True])
def test_causal_scores_are_the_logits_of_the_last_token(kind: str, template: bool, tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    network = make(kind, len(names))
    imported = read(write(tmp_path / "own", network, names, template), tiny)
    assert imported.kind == "hf-causal"
    assert find_format(tmp_path / "own") is FORMATS["hugging-face"]
    tokenizer = Tokenizer.from_file(str(tmp_path / "own" / "tokenizer.json"))
    start = [names["[CLS]"]] if template else []
    for request in requests_of(tiny):
        words = tokenizer.encode(" ".join(request.history.items), add_special_tokens=False).ids[-(6 - len(start)) :]
        logits = network(torch.tensor([start + words])).logits[0, -1].detach().numpy()
        np.testing.assert_allclose(imported.model.score([request])[0], logits[[names[item] for item in tiny.item_ids]], **CLOSE)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("template", [False, True])
def test_masked_scores_are_the_logits_of_a_mask_after_the_history(kind: str, template: bool, tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    network = make(kind, len(names))
    imported = read(write(tmp_path / "own", network, names, template), tiny)
    assert imported.kind == "hf-masked"
    before, after = ([1], [2]) if template else ([], [])
    events = 8 - 1 - len(before) - len(after)
    assert imported.model.window == events
    for request in [*requests_of(tiny), Request(empty_history())]:
        words = [names[item] for item in request.history.items][-events:]
        tokens = torch.tensor([[*before, *words, names["[MASK]"], *after]])
        logits = network(tokens).logits[0, len(before) + len(words)].detach().numpy()
        np.testing.assert_allclose(imported.model.score([request])[0], logits[[names[item] for item in tiny.item_ids]], **CLOSE)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bert"])
def test_the_checkpoint_scores_and_replays_alike(kind: str, tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    imported = read(write(tmp_path / "own", make(kind, len(names)), names, template=True), tiny)
    card = save_imported_model(imported, tiny, "own", folder=tmp_path / "saved")
    loaded = load_checkpoint(tmp_path / "saved").model
    requests = requests_of(tiny)
    np.testing.assert_array_equal(loaded.score(requests), imported.model.score(requests))
    assert card.source["format"] == "hugging-face"
    history = tiny.history(tiny.user_ids[0])
    replay = replay_history(loaded, history, repeats=True)
    alone = loaded.score([Request(history.until(step)) for step in range(len(history) + 1)])
    np.testing.assert_allclose(replay.top_scores, -np.sort(-alone, axis=1)[:, :10], **CLOSE)


def test_subsets_are_scored_like_shorter_histories(tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    model = read(write(tmp_path / "own", make("gpt2", len(names)), names), tiny).model
    history = tiny.history(tiny.user_ids[1])
    keep = np.random.default_rng(0).random((6, len(history))) < 0.5
    expected = model.score([Request(history.without(np.flatnonzero(~row))) for row in keep])
    np.testing.assert_allclose(model.score_subsets(Request(history), keep), expected, **CLOSE)
    np.testing.assert_allclose(model.score_subsets(Request(history), keep, column=3)[:, 0], expected[:, 3], **CLOSE)
    swapped = history.items.copy()
    swapped[~keep[0]] = "i04"
    assert np.allclose(model.score_subsets(Request(history), keep[:1], instead="i04"), model.score([Request(type(history)(swapped))]))


@pytest.mark.parametrize("template", [False, True])
def test_attention_is_that_of_the_network(template: bool, tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    network = make("gpt2", len(names), attn_implementation="eager")
    model = read(write(tmp_path / "own", network, names, template), tiny).model
    history = tiny.history(tiny.user_ids[0])
    assert shows_attention(model)
    step = min(len(history), 4)
    shown = compute_step_attention(model, history, step)
    tokens = torch.tensor([[names["[CLS]"]] * template + [names[item] for item in history.items[:step]]])
    weights = torch.stack(network(tokens, output_attentions=True).attentions)[:, 0].detach().numpy()
    np.testing.assert_allclose(shown.weights[:, :, -1, 1:], weights[:, :, -1, template:], atol=1e-6)
    np.testing.assert_allclose(shown.weights.sum(axis=-1), 1.0, atol=1e-5)
    long = compute_step_attention(model, history, len(history))
    assert (long.weights[:, :, -1, 1 : -model.window] == 0).all()


def test_a_model_without_a_start_token_scores_all_items_alike_for_an_empty_history(tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    model = read(write(tmp_path / "own", make("gpt2", len(names)), names), tiny).model
    assert len(np.unique(model.score([Request(empty_history())]))) == 1
    assert model.fallback(Request(empty_history())) == "no history yet: all items score the same"
    assert model.fallback(Request(tiny.history("u00"))) is None


def test_items_that_the_vocabulary_lacks_score_minus_infinity_and_are_skipped(tiny: Dataset, tmp_path: Path) -> None:
    known = {name: at for at, name in enumerate(["[PAD]", *tiny.item_ids[5:], "elsewhere"])}
    imported = read(write_plain(tmp_path / "own", make("gpt2", len(known), bos_token_id=None, eos_token_id=None), known), tiny)
    scores = imported.model.score([Request(tiny.history("u00"))])[0]
    assert np.isneginf(scores[:5]).all()
    assert np.isfinite(scores[5:]).all()
    history = tiny.history("u00")
    unknown = np.flatnonzero(np.isin(history.items, tiny.item_ids[:5]))
    np.testing.assert_allclose(scores, imported.model.score([Request(history.without(unknown))])[0])
    assert [(each.rows, each.action) for each in imported.matches] == [(10, "kept"), (1, "dropped"), (5, "kept")]


def write_plain(folder: Path, model: PreTrainedModel, names: dict[str, int]) -> Path:
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(names))
    return folder


def test_tokens_with_a_common_prefix_are_items(tiny: Dataset, tmp_path: Path) -> None:
    names = {"<pad>": 0, **{f"<item_{item}>": at for at, item in enumerate(tiny.item_ids, start=1)}}
    imported = read(write_plain(tmp_path / "own", make("gpt2", len(names), bos_token_id=None, eos_token_id=None), names), tiny)
    assert (imported.model.codes == np.arange(1, 16)).all()
    assert any("<item_…>" in each.text for each in imported.matches)


def test_a_list_in_the_order_of_the_tokens_is_enough(tiny: Dataset, tmp_path: Path) -> None:
    model = make("llama", len(tiny.item_ids) + 1)
    model.save_pretrained(tmp_path / "own")
    with pytest.raises(QuestionError, match="16 items") as asked:
        read(tmp_path / "own", tiny)
    assert asked.value.option == "--items"
    (tmp_path / "list.txt").write_text("\n".join(["[PAD]", *tiny.item_ids]))
    assert (read(tmp_path / "own", tiny, items=tmp_path / "list.txt").model.codes == np.arange(1, 16)).all()
    (tmp_path / "list.txt").write_text("\n".join(["[PAD]", *tiny.item_ids, "more"]))
    with pytest.raises(CheckpointError, match="17 tokens and the model has 16"):
        read(tmp_path / "own", tiny, items=tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("\n".join(["[PAD]", *tiny.item_ids[:-1], "i00"]))
    with pytest.raises(DataError, match="'i00' more than once"):
        read(tmp_path / "own", tiny, items=tmp_path / "list.txt")


def test_half_precision_is_read_as_float32(tiny: Dataset, tmp_path: Path) -> None:
    names = vocabulary(tiny)
    network = make("gpt2", len(names)).to(torch.bfloat16)
    model = read(write(tmp_path / "own", network, names), tiny).model
    network = network.float()
    request = Request(tiny.history("u00"))
    tokens = torch.tensor([[names[item] for item in request.history.items][-6:]])
    expected = network(tokens).logits[0, -1].detach().numpy()[[names[item] for item in tiny.item_ids]]
    np.testing.assert_allclose(model.score([request])[0], expected, **CLOSE)


def change_config(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


class TestWrongFolders:
    @pytest.fixture
    def folder(self, tiny: Dataset, tmp_path: Path) -> Path:
        names = vocabulary(tiny)
        return write(tmp_path / "own", make("gpt2", len(names)), names)

    def test_a_pickle_is_refused_and_not_read(self, folder: Path, tiny: Dataset, tmp_path: Path) -> None:
        (folder / "model.safetensors").unlink()
        target = tmp_path / "ran"
        (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(target).encode() + b"'\ntR.")
        with pytest.raises(CheckpointError, match=r"pickle, which can run any code.*save_pretrained"):
            read(folder, tiny)
        assert not target.exists()

    def test_code_of_the_folder_is_not_run(self, folder: Path, tiny: Dataset, tmp_path: Path) -> None:
        target = tmp_path / "ran"
        (folder / "own.py").write_text(f"open({str(target)!r}, 'w')")
        change_config(folder, model_type="own", auto_map={"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"})
        with pytest.raises(CheckpointError, match=r"type 'own'.*never run"):
            read(folder, tiny)
        assert not target.exists()

    def test_kernels_named_in_a_config_are_not_fetched(self, folder: Path, tiny: Dataset) -> None:
        names = {"_attn_implementation": "someone/kernel", "attn_implementation": "someone/kernel", "use_kernels": True}
        change_config(folder, **names, sub={"experts_implementation": "someone/kernel", "_private": 1, "size": 2})
        settings = read(folder, tiny).model.config.settings
        assert not names.keys() & settings.keys()
        assert settings["sub"] == {"size": 2}

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"n_layer": 3}, r"lacks transformer\.h\.2"),
            ({"n_layer": 1}, r"also has transformer\.h\.1"),
            ({"n_layer": 10**9}, "n_layer=1000000000"),
            ({"n_layer": "two"}, "n_layer=two"),
            ({"n_embd": 32}, r"shape 19×16.*has 19×32"),
            ({"vocab_size": 10**12}, r"shape 19×16.*has 1000000000000×16"),
            ({"n_head": 3}, "cannot build"),
            ({"architectures": ["GPT2Model"]}, "GPT2Model, not a language model"),
            ({"architectures": None}, "gpt2, not a language model"),
            ({"quantization_config": {"bits": 4}}, "quantized"),
        ],
    )
    def test_a_config_that_does_not_fit_names_what_is_wrong(
        self, values: dict[str, Any], message: str, folder: Path, tiny: Dataset
    ) -> None:
        change_config(folder, **values)
        with pytest.raises(CheckpointError, match=message):
            read(folder, tiny)

    def test_damaged_weights(self, folder: Path, tiny: Dataset) -> None:
        file = folder / "model.safetensors"
        whole = file.read_bytes()
        file.write_bytes(whole[:-100])
        with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
            read(folder, tiny)
        header = json.dumps({"w": {"dtype": "F32", "shape": [2**29], "data_offsets": [0, 2**31]}}).encode()
        file.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
            read(folder, tiny)
        file.write_bytes(whole)
        tensors = load_file(file)
        tensors["transformer.ln_f.bias"][0] = float("nan")
        save_file(tensors, file)
        with pytest.raises(CheckpointError, match=r"transformer\.ln_f\.bias.*not finite"):
            read(folder, tiny)
        save_file({name: each for name, each in tensors.items() if "wpe" not in name} | {"other": torch.ones(1)}, file)
        with pytest.raises(CheckpointError):
            read(folder, tiny)

    def test_missing_and_other_tensors_are_listed(self, folder: Path, tiny: Dataset) -> None:
        tensors = load_file(folder / "model.safetensors")
        tensors["other"] = tensors.pop("transformer.wpe.weight")
        save_file(tensors, folder / "model.safetensors")
        with pytest.raises(CheckpointError, match=r"lacks transformer\.wpe\.weight and has other"):
            read(folder, tiny)

    def test_sharded_weights_say_how_to_save_them(self, folder: Path, tiny: Dataset) -> None:
        (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
        (folder / "model.safetensors.index.json").write_text("{}")
        with pytest.raises(CheckpointError, match="max_shard_size"):
            read(folder, tiny)

    def test_a_language_model_of_words_is_refused(self, tiny: Dataset, tmp_path: Path) -> None:
        names = {word: at for at, word in enumerate(["the", "house", "of", "sun", "i00"])}
        with pytest.raises(DataError, match="only 1 of 5 items"):
            read(write_plain(tmp_path / "words", make("gpt2", 5, bos_token_id=None, eos_token_id=None), names), tiny)

    def test_a_masked_model_without_a_mask_token(self, tiny: Dataset, tmp_path: Path) -> None:
        names = {name: at for at, name in enumerate(["[PAD]", *tiny.item_ids])}
        with pytest.raises(CheckpointError, match="mask token"):
            read(write_plain(tmp_path / "own", make("bert", len(names)), names), tiny)

    def test_a_model_without_an_output_layer(self, tiny: Dataset, tmp_path: Path) -> None:
        BertModel(BertConfig(vocab_size=20, max_position_embeddings=8, **SMALL)).save_pretrained(tmp_path / "own")
        with pytest.raises(CheckpointError, match="BertModel, not a language model"):
            read(tmp_path / "own", tiny)

    def test_a_bidirectional_model_under_a_causal_name(self, tiny: Dataset, tmp_path: Path) -> None:
        from transformers import BertLMHeadModel

        names = vocabulary(tiny)
        torch.manual_seed(0)
        model = BertLMHeadModel(BertConfig(vocab_size=len(names), max_position_embeddings=8, **SMALL)).eval()
        with pytest.raises(CheckpointError, match="do not follow from the state of the last token alone"):
            read(write(tmp_path / "own", model, names), tiny)

    def test_broken_vocabularies(self, folder: Path, tiny: Dataset) -> None:
        (folder / "tokenizer.json").write_text('{"model": {"vocab": 3}}')
        with pytest.raises(CheckpointError, match=r"vocabulary of .* cannot be read"):
            read(folder, tiny)
        (folder / "tokenizer.json").write_text("{")
        with pytest.raises(CheckpointError, match="cannot be read as JSON"):
            read(folder, tiny)
