"""The learnt Markov chain: its scores, and that it learns transitions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset, History, Request, empty_history
from recsys.models.bilinear_markov import BilinearMarkov, BilinearMarkovConfig
from recsys.training import checkpoints, loop


def request_after(*items: str) -> Request:
    return Request(History(np.array(items, dtype=object)))


def test_scores_are_a_bilinear_form_of_the_last_item(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("bilinear-markov", tiny)
    arrays = model.arrays()
    theta = arrays["next"] @ arrays["last.weight"].T
    for history, code in ((request_after("i03", "i05"), 6), (Request(empty_history()), 16), (request_after("i05", "unknown"), 6)):
        np.testing.assert_allclose(model.score([history])[0], theta[:, code] + arrays["common"][:, 0], rtol=1e-5, atol=1e-6)


def test_the_loss_is_cross_entropy(tiny: Dataset) -> None:
    import torch

    model = BilinearMarkov(tiny.item_ids, BilinearMarkovConfig(embedding_size=4, dropout=0.0))
    pairs = np.array([[3, 5], [16, 1]])
    loss, count = model.loss(pairs, torch.float32)
    scores = model.score([request_after("i02"), request_after()]).astype(np.float64)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    assert count == 2
    np.testing.assert_allclose(loss.item(), -(logs[0, 4] + logs[1, 0]), rtol=1e-5)


def test_an_epoch_holds_every_pair_once(tiny: Dataset) -> None:
    from recsys.core.split import TRAIN, split_interactions

    labels = split_interactions(tiny, "last-out")
    model = BilinearMarkov.build(tiny, labels, BilinearMarkovConfig(batch_tokens=16), seed=1)
    batches = list(model.batches(model.training_data(tiny, labels), np.random.default_rng(0)))
    pairs = np.concatenate([batch for *_, batch in batches])
    expected = []
    for user in tiny.user_ids:
        codes = tiny.item_codes[tiny.rows(user)][labels.labels[tiny.rows(user)] == TRAIN]
        expected += list(zip([16, *codes[:-1]], codes))
    assert sorted(map(tuple, pairs)) == sorted(expected)
    assert [number for number, *_ in batches] == list(range(batches[0][1]))


def test_it_learns_what_follows(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset([(f"u{user:02}", "abcd"[(user + step) % 4]) for user in range(20) for step in range(8)])
    settings = {"embedding_size": 4, "epochs": 30, "learning_rate": 0.05, "batch_tokens": 20}
    *_, last = loop.train_model("bilinear-markov", dataset, settings=settings, folder=tmp_path / "m")
    scores = checkpoints.load_checkpoint(last.checkpoint).model.score([request_after(item) for item in "abcd"])
    assert [dataset.item_ids[row.argmax()] for row in scores] == ["b", "c", "d", "a"]
