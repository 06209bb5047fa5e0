"""Encoders small enough to be built on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def make_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """make_encoder("words it knows", seed=0): a folder with a random BERT of 16 dimensions, as `save_pretrained` writes it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    def make(words: str, seed: int = 0) -> Path:
        folder = tmp_path_factory.mktemp("encoder")
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(words.split())]
        (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
        BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
        torch.manual_seed(seed)
        shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **shape)).eval().save_pretrained(folder)
        return folder

    return make
