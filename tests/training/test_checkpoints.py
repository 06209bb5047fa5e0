"""Checkpoints: an exact round trip, and an error of one line for every kind of damage."""

import dataclasses
import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from recsys.core import Dataset, Request
from recsys.core.errors import CheckpointError, NotTrainedError
from recsys.training.checkpoints import (
    check_dataset_match,
    find_checkpoint,
    get_checkpoint_folder,
    list_checkpoints,
    load_checkpoint,
    read_card,
)
from recsys.training.loop import train_model
from tests.conftest import small


@pytest.fixture
def folder(tiny: Dataset) -> Path:
    *_, end = train_model("markov", tiny)
    assert end.checkpoint is not None
    return end.checkpoint


def test_round_trip_is_exact(tiny: Dataset, folder: Path) -> None:
    first, second = load_checkpoint(folder), load_checkpoint(folder)
    requests = [Request(tiny.history(user)) for user in tiny.user_ids]
    assert np.array_equal(first.model.score(requests), second.model.score(requests))
    assert first.fingerprint == second.fingerprint
    check_dataset_match(first.card, tiny)


def test_found_by_name_by_path_and_in_the_list(tiny: Dataset, folder: Path) -> None:
    assert find_checkpoint("markov", "tiny") == folder == find_checkpoint(str(folder), "tiny") == get_checkpoint_folder("tiny", "markov")
    assert [(each.name, each.shipped) for each in list_checkpoints("tiny")] == [("markov", False)]
    with pytest.raises(NotTrainedError, match="recsys train sasrec tiny"):
        find_checkpoint("sasrec", "tiny")
    with pytest.raises(NotTrainedError, match="known: markov"):
        find_checkpoint("mine", "tiny")
    with pytest.raises(NotTrainedError, match=r"did you mean markov\?$"):
        find_checkpoint("markof", "tiny")


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"weights": [1, 2]}))
    with pytest.raises(CheckpointError, match="is a file"):
        find_checkpoint(str(file), "tiny")
    with pytest.raises(CheckpointError, match="is a file"):
        load_checkpoint(file)


def test_a_pickle_under_the_right_name_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weights": [1, 2]}))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json", "items.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "half", "noise"])
def test_a_damaged_file_is_refused_in_one_line(folder: Path, name: str, damage: str) -> None:
    file = folder / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "half": content[: len(content) // 2], "noise": b"\xff\x00" * 50}[damage])
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_swapped_items_are_noticed(folder: Path) -> None:
    items = json.loads((folder / "items.json").read_text())
    (folder / "items.json").write_text(json.dumps(items[::-1]))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_other_data_is_refused_with_the_reason(tiny: Dataset, order_only: Dataset, folder: Path) -> None:
    card = read_card(folder)
    with pytest.raises(CheckpointError, match="trained on 'tiny'"):
        check_dataset_match(card, order_only)
    with pytest.raises(CheckpointError, match="has changed"):
        check_dataset_match(card, dataclasses.replace(tiny, fingerprint="other"))
    with pytest.raises(CheckpointError, match="other items"):
        check_dataset_match(dataclasses.replace(card, vocabulary="other"), tiny)


def test_a_foreign_model_is_refused(folder: Path) -> None:
    values = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**values, "model": "from-the-future"}))
    with pytest.raises(CheckpointError, match="from-the-future"):
        load_checkpoint(folder)
    assert list_checkpoints("tiny") == []


def test_arrays_of_another_model_are_noticed(folder: Path) -> None:
    values = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**values, "model": "popularity", "config": {}}))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def write_card(folder: Path, **changed: object) -> None:
    """Edit a card and seal it again, as its maker could."""
    values = {**json.loads((folder / "card.json").read_text()), **changed}
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes() + (folder / "items.json").read_bytes())
    digest.update(json.dumps([values["model"], values["config"]], sort_keys=True).encode())
    (folder / "card.json").write_text(json.dumps({**values, "seal": digest.hexdigest()[:32]}))


def test_a_card_that_is_sealed_again_is_read(folder: Path) -> None:
    write_card(folder, seed=99)
    assert load_checkpoint(folder).card.seed == 99


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs": "many"},
        {"epochs": -1},
        {"parameters": 10**30},
        {"seconds": float("nan")},
        {"validation": {"ndcg@10": "good"}},
        {"validation": [1]},
        {"intervals": {"ndcg@10": [1]}},
        {"protocol": "sometimes"},
        {"created": "yesterday"},
        {"history": [{"loss": "x"}]},
        {"source": {"depth": "deep"}},
        {"source": {"listed_cases": 1}},
        {"dataset": "half of a \ud800 pair"},
        {"config": None},
        {"parts": 7},
    ],
    ids=str,
)
def test_a_value_that_no_card_has_is_refused_with_its_name(folder: Path, changed: dict[str, object]) -> None:
    write_card(folder, **changed)
    for use in (read_card, load_checkpoint):
        with pytest.raises(CheckpointError, match=r"card\.json cannot be read as the card of a checkpoint \(.+\); train it again"):
            use(folder)
    assert list_checkpoints("tiny") == []


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 1000 + "1" + "}" * 1000, "null", "[]", "{" + " " * (1 << 24) + "}"], ids=len)
def test_json_that_is_not_a_card_is_refused(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match="cannot be read as the card"):
        read_card(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json", "items.json"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link to itself"])
def test_whatever_stands_in_place_of_a_file_is_refused_at_once(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.unlink()
    make = {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "link to itself": lambda: path.symlink_to(path),
    }
    make[kind]()
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)
    with pytest.raises((CheckpointError, NotTrainedError)):
        load_checkpoint(find_checkpoint("markov", "tiny"))


@pytest.mark.parametrize(("setting", "value"), [("n_blocks", 10**6), ("embedding_size", 10**9), ("max_length", 10**12)])
def test_a_card_of_a_larger_network_than_its_weights_is_refused_before_it_is_made(tiny: Dataset, setting: str, value: int) -> None:
    *_, end = train_model("sasrec", tiny, settings=small("sasrec"), device="cpu")
    assert end.checkpoint is not None and end.card is not None
    write_card(end.checkpoint, config={**end.card.config, setting: value})
    with pytest.raises(CheckpointError, match=f"{setting}={value}, more than its weights have"):
        load_checkpoint(end.checkpoint)
