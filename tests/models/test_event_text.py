"""Words of events themselves: where they stand in a batch, and that models which read them profit when they tell something."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recsys.core import Dataset, Event, Request, Vocabulary, request_at
from recsys.core.split import split_interactions
from recsys.models import MODELS
from recsys.models.base.sequences import build_request_stream, build_training_stream
from tests.conftest import SEARCHES

TEXT_READERS = [name for name, spec in MODELS.items() if spec.gradient and spec.load().__dict__.get("reads_event_text")]


def test_a_token_has_the_text_of_its_event(tiny: Dataset) -> None:
    histories = [
        tiny.history("u03"),
        tiny.history("u05").then(Event("no such item", text="unheard")).then(Event("i01", text=" live ")),
        None,
    ]
    histories[2] = replace(histories[0], texts=None)
    stream = build_request_stream([Request(each) for each in histories], Vocabulary(tiny.item_ids))
    said = [None if code == 0 else stream.words[code - 1] for code in stream.texts]
    known = [*histories[1].texts[:-2], "live"]
    assert said == [None, *histories[0].texts, None, *known, None, *[None] * len(histories[0])]
    assert len(set(stream.words)) == len(stream.words)


def test_no_word_of_a_target_is_read_before_it(tiny: Dataset) -> None:
    stream = build_training_stream(tiny, split_interactions(tiny, "last-out"))
    for user in range(len(tiny.user_ids)):
        tokens = slice(stream.starts[user], stream.starts[user + 1])
        texts = tiny.history(tiny.user_ids[user]).texts[: tokens.stop - tokens.start - 1]
        assert [None if code == 0 else stream.words[code - 1] for code in stream.texts[tokens]] == [None, *texts]
    assert set(stream.words) == {each for each in SEARCHES if each}


@pytest.mark.parametrize("name", TEXT_READERS)
def test_the_text_of_the_last_event_changes_the_scores(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    assert model.said is not None
    history = tiny.history("u03")
    others = [None, "somewhere to dance"]
    requests = [Request(replace(history, texts=np.array([*history.texts[:-1], last], dtype=object))) for last in others]
    alone = [model.score([each])[0] for each in requests]
    np.testing.assert_allclose(model.score(requests), alone, rtol=1e-4, atol=1e-5)
    assert not np.allclose(*alone)


def test_data_without_words_of_events_costs_nothing(tiny: Dataset) -> None:
    spec = MODELS["llm-lstm"]
    silent = replace(tiny, interactions=tiny.interactions.drop(columns="text"))
    model = spec.load().build(silent, split_interactions(silent, "last-out"), spec.config(embedding_size=8), 1)
    assert model.said is None and "event text" not in silent.has and "event text" in tiny.has


@pytest.mark.parametrize("name", ["llm-lstm", "spatiotemporal"])
def test_a_search_foretells_what_is_taken(name: str, make_dataset: Callable[..., Dataset]) -> None:
    """Each event's text describes the next item, which is otherwise random: reading texts must lower the loss."""
    random = np.random.default_rng(0)
    things = ["bread", "jazz", "chess", "yoga", "tennis", "museum", "sushi", "cinema"]
    taken = random.integers(len(things), size=(60, 12))
    said = [f"looking for {things[each]}" for row in taken for each in [*row[1:], row[0]]]
    words = pd.DataFrame({"title": [f"The {each} house" for each in things]}, index=list("abcdefgh"))
    data = make_dataset(
        [(f"u{user:02}", "abcdefgh"[each]) for user, row in enumerate(taken) for each in row],
        items=words,
        timestamp=pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.tile(np.arange(12), 60), unit="h"),
        text=said,
    )
    spec, parts = MODELS[name], split_interactions(data, "last-out")
    found = {}
    for heard in (True, False):
        told = data if heard else replace(data, interactions=data.interactions.drop(columns="text"))
        model = spec.load().build(told, parts, spec.config(embedding_size=16, batch_tokens=120, dropout=0.0), 1)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        for epoch in range(12):
            for _, _, tokens in model.train().batches(model.training_data(told, parts), np.random.default_rng(epoch)):
                loss, count = model.loss(tokens, torch.float32)
                (loss / count).backward()
                optimizer.step()
                optimizer.zero_grad()
        scores = model.eval().score([request_at(told.history(user), 11) for user in told.user_ids])
        found[heard] = float((scores.argmax(1) == taken[:, 11]).mean())
    assert found[True] > 0.6 > 0.3 > found[False]
