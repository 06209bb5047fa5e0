"""Fine-tuned encoder: equal to the encoder before training, and changed by the learnt weights."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.models import MODELS
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.lora import LAYERS, LoraEncoder
from recsys.text import TextEncoder, item_texts, item_vectors, whiten

TEXTS = ["Forno Gallo, a bakery in the old harbour.", "", "jazz", "A meadow for kites. " * 80, "Sourdough and strong coffee.", "公园"]
TOLD = [0, 2, 3, 4, 5]


@pytest.fixture
def tuned() -> LoraEncoder:
    torch.manual_seed(0)
    made = LoraEncoder(4)
    made.read(TEXTS)
    return made


def test_before_anything_is_learnt_texts_are_what_the_encoder_says(tuned: LoraEncoder) -> None:
    rows, vectors = tuned.encode_all()
    assert rows.tolist() == TOLD
    np.testing.assert_allclose(vectors.numpy(), whiten(TextEncoder().encode(TEXTS), 4)[TOLD], atol=5e-3)  # layers below in float16


def test_a_learnt_change_is_that_of_the_weights(tuned: LoraEncoder) -> None:
    """Low-rank changes against the same layers with their weights overwritten, fed by `transformers` itself."""
    from recsys.text.encoder import _model

    for up in tuned.up:
        torch.nn.init.normal_(up, std=0.1)
    encoder = TextEncoder()
    whole = deepcopy(_model(encoder.folder, encoder.revision))
    changes = zip(tuned.down, tuned.up, strict=True)
    with torch.no_grad():
        for layer in whole[0].auto_model.encoder.layer[-LAYERS:]:
            attention = layer.attention.self
            for part in (attention.query, attention.key, attention.value, layer.attention.output, layer.intermediate, layer.output):
                down, up = next(changes)
                getattr(part, "dense", part).weight += up @ down
    vectors = whole.encode([TEXTS[row] for row in TOLD], normalize_embeddings=True).astype(np.float64)
    white = (vectors - tuned._centre.numpy()) @ tuned._directions.numpy()
    found = tuned.encode_all()[1].numpy()
    np.testing.assert_allclose(found, white / np.linalg.norm(white, axis=1, keepdims=True), atol=1e-2)
    assert np.abs(found - whiten(TextEncoder().encode(TEXTS), 4)[TOLD]).max() > 0.05


def test_one_step_has_one_graph(tuned: LoraEncoder) -> None:
    first, again = tuned.encode_sample(), tuned.encode_sample()
    assert first[1] is again[1]
    (first[1].sum() + again[1].sum()).backward()
    assert all(up.grad is not None for up in tuned.up)
    torch.optim.SGD(tuned.parameters(), lr=0.1).step()
    assert tuned.encode_sample()[1] is not first[1]


def test_texts_are_up_to_date_when_training_pauses(tiny: Dataset) -> None:
    torch.manual_seed(0)
    words = ItemVectors(len(tiny.item_ids), 4, "tuned")
    words.read(tiny, split_interactions(tiny, "last-out"))
    before = words.eval().text.clone()
    np.testing.assert_allclose(before.numpy(), whiten(item_vectors(tiny), 4), atol=5e-3)
    words.train()
    for up in words.tuned.up:
        torch.nn.init.normal_(up, std=0.05)
    silent = np.array([not text for text in item_texts(tiny)])
    moved = (words.eval().text - before).abs().max(1).values.numpy() > 1e-3
    np.testing.assert_array_equal(moved, ~silent)


def test_training_changes_what_the_model_reads(tiny: Dataset) -> None:
    spec, parts = MODELS["spatiotemporal-tuned"], split_interactions(tiny, "last-out")
    model = spec.load().build(tiny, parts, spec.config(embedding_size=8, max_length=6, batch_tokens=64), 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    before = model.embedding.text.clone()
    for _, _, tokens in model.train().batches(model.training_data(tiny, parts), np.random.default_rng(0)):
        model.loss(tokens, torch.float32)[0].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert all(up.abs().max() > 0 for up in model.embedding.tuned.up)
    assert (model.eval().embedding.text - before).abs().max() > 1e-3
